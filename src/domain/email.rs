//! E-mail addresses.
//!
//! Owns: what counts as one. Refuses: asking whether anybody reads there.
//!
//! # Why only plain ones
//! Quoted names, comments and addresses of literal hosts are legal and never meant. What is refused here
//! can't end a line of a mail's head either.

/// Bytes of an address (RFC 5321, section 4.5.3.1.3).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// Addresses that one workspace may have told.
pub const ALERT_EMAILS_MAX: usize = 10;

/// Reads an address.
pub fn parse_address(text: &str) -> Result<String, String> {
    if text.len() > ADDRESS_BYTES_MAX {
        return Err(format!("must have at most {ADDRESS_BYTES_MAX} bytes"));
    }
    let is_name = |name: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
        name.len() <= 64
            && name
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(plain))
    };
    let is_label = |label: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match text.split_once('@') {
        Some((name, host)) if is_name(name) && host.split('.').all(is_label) => Ok(text.to_owned()),
        Some(_) | None => Err("must be an e-mail address, such as ada@example.com".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_will_do_and_nothing_that_could_end_a_line() {
        for good in [
            "ada@example.com",
            "ada.l+ops@mail.example.co.uk",
            "root@localhost",
        ] {
            assert_eq!(parse_address(good), Ok(good.to_owned()));
        }
        let long = format!("ada@{}.example", "x".repeat(250));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "ada@exa mple.com",
            "ada@@b.c",
            "ada@example.com\nBcc: eve@example.com",
            "<ada@example.com>",
            "ada..l@example.com",
            ".ada@example.com",
            "ada@-example.com",
            "ada@example..com",
            "a,b@example.com",
            &long,
        ] {
            assert!(parse_address(bad).is_err(), "{bad}");
        }
    }
}
