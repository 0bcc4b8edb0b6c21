//! Owns the recovery sheet: one printable page with the recovery code, and all that somebody needs who has nothing but it and the drive.
//!
//! Invariant: the page needs no network and runs no script; what it tells of the place is text and can be nothing else.

use super::guides;
use crate::repo::RecoveryCode;
use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write;
use zeroize::Zeroizing;

/// What stands on a sheet.
#[derive(Debug, Clone)]
pub struct SheetFacts {
    /// The repository's id, 32 hexadecimal digits.
    pub repository: String,
    /// Where it lies, as text.
    pub place: String,
    /// What the drive is called, if that is known.
    pub volume: Option<String>,
    /// The machine's name.
    pub host: String,
    /// The day, as people write it.
    pub date: String,
}

const TEMPLATE: &str = include_str!("sheet.html");

/// Light modules around the square, as its standard wants.
const QUIET_MODULES: i32 = 4;

/// The page, as one HTML file.
pub fn sheet(code: &RecoveryCode, facts: &SheetFacts) -> Zeroizing<String> {
    let text = code.text();
    let mut groups = Zeroizing::new(String::with_capacity(TEMPLATE.len()));
    for (place, group) in text.split('-').enumerate() {
        // Writing into a String cannot fail.
        _ = writeln!(groups, "<div class=\"group\"><small>{}</small>{group}</div>", place + 1);
    }
    let qr = square(&text);
    let volume = facts.volume.as_deref().map(|name| format!("<tr><td>Name of the drive</td><td>{}</td></tr>\n", escaped(name)));
    let reader = guides::describe().hash;
    // What takes the place of a name is not looked at again: a path may say "{{qr}}".
    let mut page = Zeroizing::new(String::with_capacity(TEMPLATE.len() + groups.len() + qr.len() + 8192));
    for (number, part) in TEMPLATE.split("{{").enumerate() {
        let (name, rest) = if number == 0 { ("", part) } else { part.split_once("}}").unwrap_or(("", part)) };
        match name {
            "groups" => page.push_str(&groups),
            "qr" => page.push_str(&qr),
            "place" => page.push_str(&escaped(&facts.place)),
            "volume" => page.push_str(volume.as_deref().unwrap_or_default()),
            "host" => page.push_str(&escaped(&facts.host)),
            "date" => page.push_str(&escaped(&facts.date)),
            "repository" => page.push_str(&escaped(&facts.repository)),
            "reader" => page.push_str(&reader),
            _ => {}
        }
        page.push_str(rest);
    }
    page
}

/// A square of modules, one path, black on white. A text that no square can hold gives none; a recovery code always fits.
fn square(text: &str) -> Zeroizing<String> {
    let Ok(square) = QrCode::encode_text(text, QrCodeEcc::Quartile) else { return Zeroizing::new(String::new()) };
    let side = square.size() + 2 * QUIET_MODULES;
    let mut path = Zeroizing::new(String::with_capacity(32 << 10));
    for row in 0..square.size() {
        for column in (0..square.size()).filter(|column| square.get_module(*column, row)) {
            _ = write!(path, "M{},{}h1v1h-1z", column + QUIET_MODULES, row + QUIET_MODULES);
        }
    }
    Zeroizing::new(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" role=\"img\" \
         aria-label=\"the recovery code\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{}\" fill=\"#000\"/></svg>",
        path.as_str()
    ))
}

/// Text that stands in HTML as itself. Control characters, which a name may have, are shown and do nothing.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.extend(letter.escape_default()),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{SheetFacts, sheet};
    use crate::repo::RecoveryCode;

    #[test]
    fn a_page_holds_the_code_and_what_a_place_is_called_is_only_text() {
        let code = RecoveryCode::from_bytes([7; 20]);
        let place = "/media/<script>alert(1)</script>&{{qr}}\u{1b}".to_owned();
        let volume = Some("BLUE \"1\"".to_owned());
        let facts = SheetFacts { repository: "12".repeat(16), place, volume, host: "attic".to_owned(), date: "2026-11-22".to_owned() };
        let page = sheet(&code, &facts);
        for group in code.text().split('-') {
            assert!(page.contains(&format!("</small>{group}</div>")));
        }
        assert_eq!(page.matches("<svg").count(), 1);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;{{qr}}\\u{1b}") && !page.contains("<script"));
        assert!(page.contains("BLUE &quot;1&quot;") && page.contains(&facts.repository) && page.contains("attic"));
        assert!(page.contains(&crate::ops::guides::describe().hash));
        assert!(!page.contains("src=") && !page.contains("href=") && !page.contains("url("), "nothing is fetched");
        assert_eq!(sheet(&code, &SheetFacts { volume: None, ..facts }).matches("Name of the drive").count(), 0);
    }
}
