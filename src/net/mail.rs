//! Mails to an SMTP server.
//!
//! Owns: reading the server's address, and handing one mail to it. Refuses: choosing who gets mails, and
//! trying again (`engine::alert`). The server is the operator's choice, so the guard has no say in it; who
//! gets mails never decides where hookpost connects to.
//!
//! # When it is encrypted
//! `smtps://` speaks TLS from the first byte. `smtp://` changes to it (STARTTLS) where the server offers
//! that; where there are credentials it must, unless the server is this machine.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use url::Url;

use crate::net::egress::{ProxyLogin, login_of};

/// How long handing over one mail may take.
const MAIL_TIMEOUT: Duration = Duration::from_secs(30);
/// Where mail servers take mails of those who sign in (RFC 6409), and where through TLS (RFC 8314).
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
/// Characters of a server's answer that are kept.
const ANSWER_CHARS_MAX: usize = 300;

/// Why a text names no mail server. `Display` completes "the mail server …" and quotes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpFault {
    /// Something else than an address.
    #[error("must be an address such as smtp://mail.example.com:587 or smtps://…")]
    Malformed,
    /// More than an address.
    #[error("must have neither path, query nor fragment")]
    Path,
    /// Credentials that can't be sent.
    #[error("must have a user name and a password, or neither")]
    Login,
    /// No address to send from.
    #[error("needs an address to send from, such as hookpost@example.com")]
    From,
    /// The TLS library refused the configuration.
    #[error("can't be spoken TLS with")]
    Tls,
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TlsBeginning {
    /// With the connection.
    AtOnce,
    /// With a command, where the server knows it.
    IfOffered,
    /// With a command, or nothing is sent.
    Demanded,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpServer {
    host: String,
    port: u16,
    tls: TlsBeginning,
    login: Option<ProxyLogin>,
}

impl SmtpServer {
    /// Reads `smtp://` or `smtps://`, with `user:password@` before the host where it asks for them.
    pub fn parse(text: &str) -> Result<Self, SmtpFault> {
        let url = Url::parse(text).map_err(|_| SmtpFault::Malformed)?;
        let at_once = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(SmtpFault::Malformed),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(SmtpFault::Path);
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(SmtpFault::Malformed)?.trim_matches(['[', ']']);
        let login = login_of(&url).map_err(|_| SmtpFault::Login)?;
        let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let usual = if at_once {
            SUBMISSIONS_PORT
        } else {
            SUBMISSION_PORT
        };
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(usual),
            tls: match (at_once, &login) {
                (true, _) => TlsBeginning::AtOnce,
                (false, Some(_)) if !is_here => TlsBeginning::Demanded,
                (false, _) => TlsBeginning::IfOffered,
            },
            login,
        })
    }
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail<'a> {
    /// To whom.
    pub to: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFailure {
    /// A sentence.
    pub message: String,
    /// Whether trying again is no use.
    pub is_final: bool,
}

/// Hands mails to a server. A clone is the same.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

impl Mailer {
    /// Sets it up; nothing is connected yet. `extra_roots_pem` are trusted besides the public roots.
    ///
    /// # Errors
    /// An address to send from that is none, or roots that can't be read.
    pub fn new(
        server: &SmtpServer,
        from: &str,
        extra_roots_pem: Option<&[u8]>,
    ) -> Result<Self, SmtpFault> {
        let from = from.parse().map_err(|_| SmtpFault::From)?;
        let mut tls = TlsParameters::builder(server.host.clone())
            .certificate_store(CertificateStore::WebpkiRoots);
        if let Some(pem) = extra_roots_pem {
            tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(|_| SmtpFault::Tls)?);
        }
        let tls = tls.build_rustls().map_err(|_| SmtpFault::Tls)?;
        let tls = match server.tls {
            TlsBeginning::AtOnce => Tls::Wrapper(tls),
            TlsBeginning::IfOffered => Tls::Opportunistic(tls),
            TlsBeginning::Demanded => Tls::Required(tls),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .timeout(Some(MAIL_TIMEOUT))
            .tls(tls);
        if let Some(ProxyLogin { username, password }) = &server.login {
            let (name, password) = (username.expose().to_owned(), password.expose().to_owned());
            transport = transport.credentials(Credentials::new(name, password));
        }
        Ok(Self {
            transport: transport.build(),
            from,
        })
    }

    /// Hands one mail over, within half a minute.
    ///
    /// # Errors
    /// Why the server did not take it.
    pub async fn send(&self, mail: &Mail<'_>) -> Result<(), MailFailure> {
        let unmade = |what: &str| MailFailure {
            message: format!("the mail could not be written: {what}"),
            is_final: true,
        };
        let to: Mailbox = mail.to.parse().map_err(|_| unmade("its address is none"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.to_owned())
            .map_err(|_| unmade("its text can't be encoded"))?;
        let handed = tokio::time::timeout(MAIL_TIMEOUT, self.transport.send(message)).await;
        match handed {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let words: String = error.to_string().chars().take(ANSWER_CHARS_MAX).collect();
                Err(MailFailure {
                    message: format!("the mail server did not take it: {words}"),
                    is_final: error.is_permanent(),
                })
            }
            Err(_) => Err(MailFailure {
                message: "the mail server did not answer in time".to_owned(),
                is_final: false,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_this_machine_encrypted_only() {
        let check = |text: &str, port: u16, tls: TlsBeginning| {
            let server = SmtpServer::parse(text).unwrap();
            assert_eq!((server.port, server.tls), (port, tls), "{text}");
            assert!(!format!("{server:?}").contains("s3cret"), "{server:?}");
        };
        check("smtp://mail.example.com", 587, TlsBeginning::IfOffered);
        check(
            "smtp://me:s3cret@mail.example.com",
            587,
            TlsBeginning::Demanded,
        );
        check(
            "smtp://me:s3cret@localhost:2525",
            2525,
            TlsBeginning::IfOffered,
        );
        check("smtp://me:s3cret@[::1]:2525", 2525, TlsBeginning::IfOffered);
        check(
            "smtps://me%40home:s3cret@10.0.0.1",
            465,
            TlsBeginning::AtOnce,
        );
        for wrong in [
            "",
            "mail.example.com",
            "http://mail",
            "smtp://",
            "smtp://me@mail/x",
            "smtp://me@mail",
        ] {
            assert!(SmtpServer::parse(wrong).is_err(), "{wrong}");
        }
    }
}
