//! `hookpost user`.

use std::io::{BufRead, Read};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::data::DataArgs;
use super::output;
use super::rest::moment;
use super::table::{Column, Table};
use crate::admin::{AdminAnswer, AdminCommand, Sensitive, UserRow};
use crate::entropy;

/// The most bytes of a password that are read.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// Add and look after the people who use the dashboard, whether or not the server runs
#[derive(Args)]
pub(super) struct UserCommand {
    #[command(flatten)]
    data: DataArgs,
    #[command(subcommand)]
    action: UserAction,
}

#[derive(Subcommand)]
enum UserAction {
    /// Add a user and print their id; without --password-stdin, a password is made up and printed too
    Create {
        /// The e-mail address to sign in with
        #[arg(long)]
        email: String,
        /// What they may do: owner, operator or viewer [default: owner]
        #[arg(long)]
        role: Option<String>,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List users, newest first
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a lost second factor away, so that a new one can be enrolled
    ResetMfa {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
    },
    /// Change what a user may do
    Role {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
        /// What they may do from now on: owner, operator or viewer
        role: String,
    },
    /// Bar a user from signing in, and sign them out everywhere
    Disable {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
    },
    /// Let a disabled user sign in again
    Enable {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
    },
    /// Remove a user for good; what they did stays in the audit log
    Delete {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
    },
    /// Replace a forgotten password, and sign the user out everywhere
    ResetPassword {
        /// The user's e-mail address
        #[arg(long)]
        email: String,
        #[command(flatten)]
        password: PasswordSource,
    },
}

/// Where a password comes from: it is made up unless the caller has one.
#[derive(Args)]
struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

impl UserCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.action {
            UserAction::Create {
                email,
                role,
                password,
            } => {
                let password = password.choose()?;
                let command = AdminCommand::UserCreate {
                    email,
                    password: password.text().clone(),
                    role,
                };
                let answer = self.data.perform(&command)?;
                report(answer)?;
                password.reveal()
            }
            UserAction::List { json: false } => report(self.data.perform(&AdminCommand::UserList)?),
            UserAction::List { json: true } => match self.data.perform(&AdminCommand::UserList)? {
                AdminAnswer::Users { users } => Ok(output::say(serde_json::to_string(&users)?)?),
                other => bail!("an unexpected answer: {other:?}"),
            },
            UserAction::ResetMfa { email } => {
                report(self.data.perform(&AdminCommand::UserResetMfa { email })?)
            }
            UserAction::Role { email, role } => {
                report(self.data.perform(&AdminCommand::UserRole { email, role })?)
            }
            UserAction::Disable { email } => {
                report(self.data.perform(&AdminCommand::UserDisable { email })?)
            }
            UserAction::Enable { email } => {
                report(self.data.perform(&AdminCommand::UserEnable { email })?)
            }
            UserAction::Delete { email } => {
                report(self.data.perform(&AdminCommand::UserDelete { email })?)
            }
            UserAction::ResetPassword { email, password } => {
                let password = password.choose()?;
                let command = AdminCommand::UserResetPassword {
                    email,
                    password: password.text().clone(),
                };
                report(self.data.perform(&command)?)?;
                password.reveal()
            }
        }
    }
}

fn report(answer: AdminAnswer) -> anyhow::Result<()> {
    match answer {
        AdminAnswer::Id { id } => Ok(output::say(id)?),
        AdminAnswer::Users { users } => print(&users),
        AdminAnswer::Done => Ok(()),
        other => bail!("an unexpected answer: {other:?}"),
    }
}

fn print(users: &[UserRow]) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        Column::whole("ID"),
        Column::cut("E-MAIL"),
        Column::whole("ROLE"),
        Column::whole("STATE"),
        Column::spare("SECOND FACTOR"),
        Column::spare("LAST SIGNED IN"),
    ]);
    for user in users {
        let second_factor = if user.second_factor { "yes" } else { "no" };
        table.row([
            user.id.clone(),
            user.email.clone(),
            user.role.clone(),
            if user.disabled { "disabled" } else { "active" }.to_owned(),
            second_factor.to_owned(),
            user.last_login_at
                .as_deref()
                .map_or_else(|| "never".to_owned(), moment),
        ]);
    }
    Ok(table.print()?)
}

/// A password, and whether the person who runs the command knows it already.
enum Password {
    Given(Sensitive),
    MadeUp(Sensitive),
}

impl PasswordSource {
    fn choose(&self) -> anyhow::Result<Password> {
        if !self.password_stdin {
            return Ok(Password::MadeUp(made_up()));
        }
        let mut line = String::new();
        let stdin = std::io::stdin().lock();
        let read = stdin.take(PASSWORD_BYTES_MAX).read_line(&mut line);
        read.context("cannot read the password")?;
        let password = line.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            bail!("no password on standard input");
        }
        Ok(Password::Given(Sensitive::new(password.to_owned())))
    }
}

impl Password {
    fn text(&self) -> &Sensitive {
        match self {
            Self::Given(password) | Self::MadeUp(password) => password,
        }
    }

    fn reveal(&self) -> anyhow::Result<()> {
        match self {
            Self::Given(_) => Ok(()),
            Self::MadeUp(password) => Ok(output::say(password.expose())?),
        }
    }
}

/// 128 random bits: nobody guesses it, and somebody can type it.
pub(super) fn made_up() -> Sensitive {
    let bytes = entropy::bytes::<16>();
    let digits: Vec<String> = bytes
        .chunks(4)
        .map(|chunk| chunk.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    Sensitive::new(digits.join("-"))
}
