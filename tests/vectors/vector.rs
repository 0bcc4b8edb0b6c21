//! Owns the form of a `.vec` file: lines of text, an empty line, raw bytes.

/// One vector: bytes, and what reading them must come to.
#[derive(Debug, Clone)]
pub(crate) struct Vector {
    kind: String,
    name: String,
    lines: Vec<(String, String)>,
    /// What is to be read.
    pub(crate) bytes: Vec<u8>,
}

/// Why a vector's bytes are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The stable code.
    pub(crate) code: String,
    /// The part of reading that refuses.
    pub(crate) stage: String,
}

impl Refused {
    pub(crate) fn new(code: &str, stage: &str) -> Self {
        Self { code: code.to_owned(), stage: stage.to_owned() }
    }
}

impl From<tintype::format::FormatError> for Refused {
    fn from(error: tintype::format::FormatError) -> Self {
        Self::new(error.code(), error.stage().word())
    }
}

impl From<tintype::crypto::CryptoError> for Refused {
    fn from(error: tintype::crypto::CryptoError) -> Self {
        Self::new(error.code(), error.stage())
    }
}

/// The value that reading gives, for kinds that give one as text.
pub(crate) type Outcome = Result<Option<String>, Refused>;

impl Vector {
    /// Bytes that are read.
    pub(crate) fn ok(kind: &str, name: &str, comment: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let lines = vec![("expect".to_owned(), "ok".to_owned())];
        Self { kind: kind.to_owned(), name: name.to_owned(), lines, bytes: bytes.into() }.with("kind", kind).with("comment", comment)
    }

    /// Bytes that are refused at `stage` with `code`, both in one word: `value/not-allowed`.
    pub(crate) fn bad(kind: &str, name: &str, refusal: &str, comment: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let (stage, code) = refusal.split_once('/').expect("stage/code");
        let lines = vec![("expect".to_owned(), code.to_owned()), ("stage".to_owned(), stage.to_owned())];
        Self { kind: kind.to_owned(), name: name.to_owned(), lines, bytes: bytes.into() }.with("kind", kind).with("comment", comment)
    }

    /// One more line.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.lines.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The same without the line `key`.
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.lines.retain(|(found, _)| found != key);
        self
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}.vec", self.kind, self.name)
    }

    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// What the line `key` says.
    pub(crate) fn line(&self, key: &str) -> Option<&str> {
        self.lines.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn expected(&self) -> Outcome {
        match (self.line("expect"), self.line("stage")) {
            (Some("ok"), None) => Ok(self.line("value").map(str::to_owned)),
            (Some(code), Some(stage)) => Err(Refused::new(code, stage)),
            _ => panic!("{}: expect and stage", self.path()),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text: String = self.lines.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        text.push('\n');
        [text.as_bytes(), &self.bytes].concat()
    }

    pub(crate) fn decode(path: &str, bytes: &[u8]) -> Self {
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").expect("an empty line ends the text");
        let (text, rest) = bytes.split_at(end);
        let text = std::str::from_utf8(text).expect("the front is text");
        let lines: Vec<_> = text.lines().map(|line| line.split_once(": ").expect("key: value")).collect();
        let lines: Vec<_> = lines.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let name = path.rsplit('/').next().and_then(|name| name.strip_suffix(".vec")).expect("a .vec file");
        let kind = lines.iter().find(|(key, _)| key == "kind").map(|(_, value)| value.clone()).expect("a kind");
        Self { kind, name: name.to_owned(), lines, bytes: rest.get(2..).unwrap_or_default().to_vec() }
    }
}
