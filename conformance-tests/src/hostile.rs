//! Names and values that have broken stores before (G7).

use bytes::Bytes;

/// Distinct names of at most 512 bytes: separators, wildcards, control characters, prefixes of each other, the longest.
pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        ":",
        "::",
        "*",
        "%",
        "_",
        "{}",
        "/",
        "\n",
        "\0",
        "a",
        "ab",
        "a:",
        "a::b",
        "a::b::c",
        "a*",
        "a%",
        "a_",
        "a{b}",
        "{a}",
        "a/b",
        "a\nb",
        "a\0",
        "a\0b",
        "A",
        " a",
        "a ",
        "\\",
        "'",
        "\"",
        "';--",
        "$1",
        "?",
        "[a]",
        "é",
        "e\u{301}",
        "🦀",
        "\u{FEFF}",
        "\u{200B}",
        "\u{10FFFF}",
        "null",
        "true",
        "0",
        "-1",
        "__proto__",
        "../x",
        "\r\n",
        "\u{7F}",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("x".repeat(512));
    names.push(format!("{}y", "x".repeat(511)));
    names.push("🦀".repeat(128));
    names
}

/// One byte longer than any name may be.
pub(crate) fn too_long() -> String {
    "x".repeat(513)
}

/// Values that must come back as they were put.
pub(crate) fn values() -> Vec<Bytes> {
    let every_byte: Vec<u8> = (0..=255).collect();
    let texts = [
        "",
        "null",
        "\"\"",
        "0",
        "-0.0",
        "9223372036854775807",
        "18446744073709551615",
        "1e400",
        "{\"a\":1,\"a\":2}",
        "{\"error\":{\"code\":-32603}}",
        "ERR wrong",
        "WRONGTYPE",
        "\u{FEFF}x",
        "NaN",
        " padded ",
        "\r\n",
    ];
    let mut values: Vec<Bytes> = texts.iter().map(|text| Bytes::from_static(text.as_bytes())).collect();
    values.push(Bytes::from_static(b"\0"));
    values.push(Bytes::from_static(b"a\0b"));
    values.push(Bytes::from_static(b"\xff\xfe\xc3\x28"));
    values.push(Bytes::from(every_byte.clone()));
    values.push(Bytes::from(every_byte.repeat(4_096)));
    values
}
