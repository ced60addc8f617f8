//! Where to listen, as people write it.
//!
//! Owns: the forms `IP:PORT`, `IP` alone and `NAME:PORT`. Refuses: looking a name up (`app`).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// The port where nobody names one.
pub const PORT_DEFAULT: u16 = 8080;

const FORM: &str = "must be an address and a port, such as 127.0.0.1:8080 or localhost:8080";

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// At an address.
    Address(SocketAddr),
    /// At the first address of a name that can be had.
    Name {
        /// The name, such as `localhost`.
        host: String,
        /// The port.
        port: u16,
    },
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        if let Ok(ip) = bare.unwrap_or(text).parse::<IpAddr>() {
            return Ok(Self::Address(SocketAddr::new(ip, PORT_DEFAULT)));
        }
        let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
        if !is_name(host) {
            return Err(FORM.to_owned());
        }
        Ok(Self::Name {
            host: host.to_owned(),
            port: port.parse().map_err(|_| FORM.to_owned())?,
        })
    }
}

/// What is all digits and dots was meant as an address.
fn is_name(host: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    host.bytes().all(legal) && host.bytes().any(|byte| byte.is_ascii_alphabetic())
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_read_and_shown_alike() {
        let check = |text: &str, expect: &str| {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), expect);
        };
        check("127.0.0.1:0", "127.0.0.1:0");
        check("[::1]:9000", "[::1]:9000");
        check("localhost:8090", "localhost:8090");
        check("hooks.example.com:80", "hooks.example.com:80");
        check("0.0.0.0", "0.0.0.0:8080");
        check("::", "[::]:8080");
        check("[::1]", "[::1]:8080");
    }

    #[test]
    fn what_names_no_port_or_no_place_is_refused() {
        for text in [
            "",
            "nowhere",
            "localhost",
            ":8090",
            "8090",
            "localhost:",
            "localhost:http",
            "localhost:65536",
            "localhost:-1",
            "300.0.0.1:80",
            "http://localhost:8090",
            "a b:80",
        ] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
