//! Owns the JSON documents: a report, or an error, with the fields that every document has.

use crate::clock::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// What every document begins with, then the report's own fields.
#[derive(Debug, Serialize)]
struct Document {
    schema: String,
    exit_code: u8,
    started: String,
    seconds: f64,
    #[serde(flatten)]
    report: Map<String, Value>,
}

/// An error as programs read it.
#[derive(Debug, Serialize)]
pub(super) struct ErrorObject {
    /// The stable code.
    pub(super) code: &'static str,
    /// For a person.
    pub(super) message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
}

/// What stands in the place of a report when there is none.
#[derive(Debug, Serialize)]
struct NoReport {
    error: ErrorObject,
    problems: [(); 0],
}

/// A report as one line.
pub(super) fn report<T: Serialize>(command: &str, exit_code: u8, started: Timestamp, seconds: f64, report: &T) -> String {
    // Milliseconds are as much as anybody can use, and read better.
    let seconds = (seconds * 1000.0).round() / 1000.0;
    let mut fields = match serde_json::to_value(report) {
        Ok(Value::Object(fields)) => fields,
        // Reports are structs with string keys and finite numbers; should that ever be wrong, the reason is valid JSON too.
        Ok(other) => Map::from_iter([("report".to_owned(), other)]),
        Err(error) => Map::from_iter([("report_error".to_owned(), error.to_string().into())]),
    };
    // A report may know some of these itself; no name stands twice.
    for name in ["schema", "exit_code", "started", "seconds"] {
        fields.remove(name);
    }
    line(&Document { schema: schema(command), exit_code, started: started.rfc3339(), seconds, report: fields })
}

/// The beginning of a document that has one field before the others, because it must be known to have arrived before there is a
/// result. What comes after it is [`rest`] of the document.
pub(super) fn opening(name: &str, value: &str) -> String {
    format!("{{{}:{}", Value::from(name), Value::from(value))
}

/// What is left of a document after its [`opening`] with this field.
pub(super) fn rest(document: &str, name: &str) -> String {
    let mut fields: Map<String, Value> = serde_json::from_str(document).unwrap_or_default();
    fields.remove(name);
    let text = line(&fields);
    text.strip_prefix('{').map_or_else(|| text.clone(), |rest| format!(",{rest}"))
}

/// An error as one line.
pub(super) fn error(command: &str, exit_code: u8, started: Timestamp, seconds: f64, error: ErrorObject) -> String {
    report(command, exit_code, started, seconds, &NoReport { error, problems: [] })
}

fn schema(command: &str) -> String {
    format!("tintype/{command}/1")
}

fn line<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_else(|error| serde_json::json!({ "error": error.to_string() }).to_string());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::{ErrorObject, error, opening, report, rest};
    use crate::clock::Timestamp;
    use serde::Serialize;

    #[derive(Serialize)]
    struct Report {
        bytes: u64,
        problems: Vec<u8>,
    }

    #[test]
    fn a_document_in_two_parts_is_one_object() {
        let whole = report("init", 0, Timestamp::from_seconds(0), 0.0, &serde_json::json!({ "code": "A-\"B", "problems": [] }));
        let parts = opening("code", "A-\"B") + &rest(&whole, "code");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&parts), read(&whole));
        assert_eq!(parts.matches("\"code\"").count(), 1);
    }

    #[test]
    fn a_report_and_an_error() {
        let made = report("snap", 3, Timestamp::from_seconds(0), 0.12345, &Report { bytes: 5, problems: vec![] });
        let expected =
            r#"{"schema":"tintype/snap/1","exit_code":3,"started":"1970-01-01T00:00:00Z","seconds":0.123,"bytes":5,"problems":[]}"#;
        assert_eq!(made.trim_end(), expected);
        let failed = error("snap", 2, Timestamp::from_seconds(0), 0.0, ErrorObject { code: "usage", message: "no".to_owned(), hint: None });
        let expected = r#"{"schema":"tintype/snap/1","exit_code":2,"started":"1970-01-01T00:00:00Z","seconds":0.0,"error":{"code":"usage","message":"no"},"problems":[]}"#;
        assert_eq!(failed.trim_end(), expected);
    }
}
