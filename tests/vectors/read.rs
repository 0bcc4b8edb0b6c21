//! Owns the reading of a vector by its kind, with the program's decoders; encoding again must give the same bytes.

use super::seal::REPOSITORY;
use super::vector::{Outcome, Refused, Vector};
use super::{cuts, read_pack};
use tintype::crypto::{MasterKey, RecoveryCode, Sealing, open_slot};
use tintype::format::{
    Announcement, Class, FileKind, Folder, HEADER_BYTES, Header, IndexSegment, Instead, ManifestPublic, ManifestSealed, NeedsPage,
    ObjectKind, PackName, Page, PieceList, PieceListList, Report, ReportPage, RepositoryFile, SealedFile, SlotPublic, SlotSealed,
    StoredName, Tombstone, Trailer, hex, padme, page_ends_after, page_is_full,
};
use tintype::media::{self, Role};

/// How the vector's repository is sealed: by its line `key`.
pub(crate) fn sealing(vector: &Vector) -> Sealing {
    match vector.line("key") {
        None => Sealing::Plain,
        Some(text) => Sealing::Encrypted(MasterKey::from_code(&RecoveryCode::parse(text).expect("a recovery code"))),
    }
}

/// Compares what was encoded again, but for zeros that may follow.
pub(crate) fn same(bytes: &[u8], again: &[u8]) -> Outcome {
    let (front, back) = bytes.split_at_checked(again.len()).expect("encoded again, the value is longer");
    assert_eq!(front, again, "encoded again, the value differs");
    assert!(back.iter().all(|byte| *byte == 0));
    Ok(None)
}

/// A value of the encoding itself, in the words of the file's line `value`.
fn plain<T: bincode::Encode + bincode::Decode<()> + std::fmt::Debug>(bytes: &[u8]) -> Outcome {
    let decoded: Result<(T, usize), _> = bincode::decode_from_slice(bytes, bincode::config::standard().with_limit::<0x2_0000>());
    let (value, used) = decoded.map_err(|_| Refused::new("not-decodable", "decode"))?;
    let again = bincode::encode_to_vec(&value, bincode::config::standard()).expect("encodes");
    if bytes.get(..used) != Some(&again[..]) {
        return Err(Refused::new("not-canonical", "decode"));
    }
    if used < bytes.len() {
        return Err(Refused::new("tail-not-zero", "decode"));
    }
    Ok(Some(format!("{value:?}")))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a text")
}

/// The opened body of a file of one seal, and its public part.
fn open(vector: &Vector, kind: FileKind) -> Result<(Vec<u8>, Vec<u8>), Refused> {
    let file = SealedFile::split(&vector.bytes, kind, REPOSITORY)?;
    if let Some(name) = vector.line("name")
        && blake3::hash(&vector.bytes).to_hex().as_str() != name
    {
        return Err(Refused::new("hash-mismatch", "name"));
    }
    Ok((file.public.to_vec(), sealing(vector).open_file(&file)?))
}

/// A file of a public kind with its keyed hash, where its kind has one.
fn notice(vector: &Vector, kind: FileKind, code: &str) -> Result<Vec<u8>, Refused> {
    let file = SealedFile::split(&vector.bytes, kind, REPOSITORY)?;
    let master = sealing(vector).master().cloned();
    let hash = master.and_then(|master| master.notice_hash(kind, &file.header.encode(), file.public));
    let expected = hash.map(|hash| hash.to_vec()).unwrap_or_default();
    if file.sealed == expected { Ok(file.public.to_vec()) } else { Err(Refused::new(code, "hash")) }
}

/// A file of a public kind that has no body at all.
fn same_public(vector: &Vector, kind: FileKind, again: fn(&[u8]) -> Result<Vec<u8>, Refused>) -> Outcome {
    let file = SealedFile::split(&vector.bytes, kind, REPOSITORY)?;
    if !file.sealed.is_empty() {
        return Err(Refused::new("tail-not-zero", "decode"));
    }
    same(file.public, &again(file.public)?)
}

fn manifest(vector: &Vector) -> Outcome {
    let (public, body) = open(vector, FileKind::Manifest)?;
    let public = ManifestPublic::decode(&public)?;
    let sealed = ManifestSealed::decode(&body)?;
    sealed.check_repository_file(&public)?;
    same(&body, &sealed.encode())
}

/// Reads a vector.
pub(crate) fn read(vector: &Vector) -> Outcome {
    let bytes = &vector.bytes[..];
    match vector.kind() {
        "u32" => plain::<u32>(bytes),
        "u64" => plain::<u64>(bytes),
        "i64" => plain::<i64>(bytes),
        "bytes" => plain::<Vec<u8>>(bytes),
        "string" => plain::<String>(bytes),
        "option" => plain::<Option<u64>>(bytes),
        "padme" => Ok(Some(padme(text(bytes).parse().expect("a number")).to_string())),
        "name" => Ok(Some(class(&String::from_utf8_lossy(bytes)))),
        "object-id" => Ok(Some(object_kind(vector).id_of(bytes).hex())),
        "page-end" => Ok(Some(page_is_full(16 << 10, bytes).to_string())),
        "needs-page-end" => Ok(Some(page_ends_after(&PackName::from_hex(text(bytes)).expect("a name")).to_string())),
        "cuts" => Ok(Some(cuts_of(vector))),
        "layout" => Ok(Some(layout_of(bytes))),
        "recovery-code" => Ok(Some(RecoveryCode::parse(text(bytes))?.text().to_string())),
        "key-check" => Ok(Some(hex(&MasterKey::from_code(&RecoveryCode::parse(text(bytes))?).key_check()))),
        "header" => same(bytes, &Header::decode(bytes)?.encode()),
        "trailer" => trailer(vector),
        "repository-file" => same(bytes, &RepositoryFile::decode(bytes)?.encode()),
        "pack" | "directory" => read_pack::read(vector),
        "folder" => same(bytes, &Folder::decode(bytes)?.encode()),
        "page" => same(bytes, &Page::decode(bytes)?.encode()),
        "piece-list" => same(bytes, &PieceList::decode(bytes)?.encode()),
        "list-of-piece-lists" => same(bytes, &PieceListList::decode(bytes)?.encode()),
        "report" => same(bytes, &Report::decode(bytes)?.encode()),
        "report-page" => same(bytes, &ReportPage::decode(bytes)?.encode()),
        _ => read_body(vector),
    }
}

fn read_body(vector: &Vector) -> Outcome {
    let bytes = &vector.bytes[..];
    match vector.kind() {
        "manifest-public" => same(bytes, &ManifestPublic::decode(bytes)?.encode()),
        "manifest-sealed" => same(bytes, &ManifestSealed::decode(bytes)?.encode()),
        "manifest" => manifest(vector),
        "needs-page" => same(bytes, &NeedsPage::decode(bytes)?.encode()),
        "announcement" => same(bytes, &Announcement::decode(bytes)?.encode()),
        "needs-file" => same_public(vector, FileKind::NeedsPage, |public| Ok(NeedsPage::decode(public)?.encode())),
        "announcement-file" => same_public(vector, FileKind::Announcement, |public| Ok(Announcement::decode(public)?.encode())),
        "index-body" => same(bytes, &IndexSegment::decode(bytes)?.encode()),
        "index" => {
            let (public, body) = open(vector, FileKind::Index)?;
            if !public.is_empty() {
                return Err(Refused::new("tail-not-zero", "decode"));
            }
            same(&body, &IndexSegment::decode(&body)?.encode())
        }
        "tombstone" => {
            let public = notice(vector, FileKind::Tombstone, "tombstone-false")?;
            same(&public, &Tombstone::decode(&public)?.encode())
        }
        "instead" => {
            let public = notice(vector, FileKind::Instead, "instead-false")?;
            same(&public, &Instead::decode(&public)?.encode())
        }
        "slot-public" => same(bytes, &SlotPublic::decode(bytes)?.encode()),
        "slot-sealed" => same(bytes, &SlotSealed::decode(bytes)?.encode()),
        "key-slot" => {
            let (master, label) = open_slot(bytes, REPOSITORY, vector.line("password").expect("a password").as_bytes())?;
            let same_master = matches!(sealing(vector), Sealing::Encrypted(known) if known.key_check() == master.key_check());
            assert!(same_master);
            Ok(Some(label))
        }
        other => panic!("{other}: not a kind of vectors"),
    }
}

fn trailer(vector: &Vector) -> Outcome {
    let file_bytes = vector.line("file-bytes").and_then(|text| text.parse().ok()).expect("the file's length");
    let bytes: &[u8; 64] = vector.bytes[..].try_into().expect("64 bytes");
    same(bytes, &Trailer::decode(bytes, file_bytes)?.encode())
}

fn object_kind(vector: &Vector) -> ObjectKind {
    let number = vector.line("object").and_then(|text| text.parse().ok()).expect("a number");
    ObjectKind::from_number(number).expect("a kind of objects")
}

/// The kind of a file and its parts.
fn layout_of(bytes: &[u8]) -> String {
    let Ok(found) = media::layout(&mut media::Bytes(bytes)) else { return "none".to_owned() };
    let parts = found.parts.iter().map(|part| {
        let role = match part.role {
            Role::Picture => "picture",
            Role::Auxiliary => "auxiliary",
            Role::Film => "film",
            Role::Metadata => "metadata",
        };
        format!("; {role} {} {}", part.offset, part.length_bytes)
    });
    found.kind.name().to_owned() + &parts.collect::<String>()
}

/// The kind `cuts` holds a length; the bytes are the extended output of BLAKE3 over the line `seed`, or zeros.
fn cuts_of(vector: &Vector) -> String {
    let length = text(&vector.bytes).parse().expect("a length");
    let bytes = vector.line("seed").map_or_else(|| vec![0; length], |seed| cuts::stream(seed, length));
    cuts::cuts(&bytes).iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

fn class(name: &str) -> String {
    match Class::of(name) {
        Class::Stored(file) => {
            let stored: StoredName = file.hash;
            assert_eq!(file.path(), name);
            format!("{} {}{}", file.folder.word(), hex(&stored.0), if file.second { " second" } else { "" })
        }
        Class::RepositoryFile { second } => format!("repository-file{}", if second { " second" } else { "" }),
        Class::Rule(rule) => format!("rule {rule}"),
        Class::Guide => "guide".to_owned(),
        Class::Temporary => "temporary".to_owned(),
        Class::Foreign => "foreign".to_owned(),
    }
}

const _: () = assert!(HEADER_BYTES == 128);
