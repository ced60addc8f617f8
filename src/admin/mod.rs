//! Commands of the operator, wherever they are carried out.
//!
//! Owns: the commands and answers as they travel over the control socket, and the one function that
//! carries a command out: in the running server, or in the command's own process if no server runs.
//! Refuses: rules; they are the service's.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::Paused;
use crate::service::{Actor, Caller, Refusal, Service};
use crate::store::workspaces::DEFAULT_NAME;

mod instance;
mod keys;
mod sensitive;
pub mod socket;
mod users;
mod workspaces;

pub use keys::KeyRow;
pub use sensitive::Sensitive;
pub use users::UserRow;
pub use workspaces::WorkspaceRow;

/// What the operator wants done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum AdminCommand {
    /// Make an API key.
    KeyCreate {
        /// What people call it.
        name: String,
        /// Id or name of its workspace; absent for a key of the instance.
        workspace: Option<String>,
        /// Id or uid of the consumer that it is bound to.
        #[serde(default)]
        consumer: Option<String>,
        /// What it may do; empty for all that such a key can do.
        scopes: Vec<String>,
    },
    /// List API keys.
    KeyList {
        /// Id or name of the workspace whose keys are meant; absent for all.
        workspace: Option<String>,
    },
    /// Take an API key out of force.
    KeyRevoke {
        /// Its id.
        id: String,
    },
    /// Make a workspace.
    WorkspaceCreate {
        /// Its name.
        name: String,
        /// The wire profile of its new webhooks.
        profile: Option<String>,
        /// What it has paid for.
        plan: Option<String>,
    },
    /// List workspaces.
    WorkspaceList,
    /// Add a user.
    UserCreate {
        /// What they sign in with.
        email: String,
        /// Their password.
        password: Sensitive,
        /// What they may do; absent for an owner.
        role: Option<String>,
    },
    /// List users.
    UserList,
    /// Take a user's second factor away.
    UserResetMfa {
        /// What they sign in with.
        email: String,
    },
    /// Change what a user may do.
    UserRole {
        /// What they sign in with.
        email: String,
        /// What they may do from now on.
        role: String,
    },
    /// Bar a user from signing in.
    UserDisable {
        /// What they sign in with.
        email: String,
    },
    /// Let a user sign in again.
    UserEnable {
        /// What they sign in with.
        email: String,
    },
    /// Remove a user.
    UserDelete {
        /// What they sign in with.
        email: String,
    },
    /// Give a user a new password.
    UserResetPassword {
        /// What they sign in with.
        email: String,
        /// The new password.
        password: Sensitive,
    },
    /// Copy database and key into a file.
    Backup {
        /// Which; an absolute path.
        file: PathBuf,
    },
    /// Stop sending.
    Pause,
    /// Go on sending.
    Resume,
    /// Say whether events are taken and deliveries made.
    Health,
}

/// What came of a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum AdminAnswer {
    /// Something was made; this is its id.
    Id {
        /// The id.
        id: String,
    },
    /// A key was made; this is the only time that its token is seen.
    Key {
        /// The token.
        token: Sensitive,
    },
    /// Keys.
    Keys {
        /// Newest first.
        keys: Vec<KeyRow>,
    },
    /// Workspaces.
    Workspaces {
        /// Newest first.
        workspaces: Vec<WorkspaceRow>,
    },
    /// Users.
    Users {
        /// Newest first.
        users: Vec<UserRow>,
    },
    /// A backup was written.
    BackedUp {
        /// Its size.
        bytes: u64,
    },
    /// Events are taken and deliveries made.
    Healthy {
        /// Whether sending waits for somebody.
        paused: bool,
    },
    /// It was done, and there is nothing more to say.
    Done,
    /// It was not done.
    Refused {
        /// One sentence.
        reason: String,
    },
}

/// Carries `command` out.
pub async fn execute(service: &Service, command: AdminCommand) -> AdminAnswer {
    let done = match command {
        AdminCommand::KeyCreate {
            name,
            workspace,
            consumer,
            scopes,
        } => keys::create(service, name, workspace, consumer, scopes).await,
        AdminCommand::KeyList { workspace } => keys::list(service, workspace).await,
        AdminCommand::KeyRevoke { id } => keys::revoke(service, &id).await,
        AdminCommand::WorkspaceCreate {
            name,
            profile,
            plan,
        } => workspaces::create(service, name, profile, plan).await,
        AdminCommand::WorkspaceList => workspaces::list(service).await,
        AdminCommand::UserCreate {
            email,
            password,
            role,
        } => users::create(service, email, password, role).await,
        AdminCommand::UserList => users::list(service).await,
        AdminCommand::UserResetMfa { email } => users::reset_mfa(service, &email).await,
        AdminCommand::UserRole { email, role } => users::set_role(service, &email, &role).await,
        AdminCommand::UserDisable { email } => users::disable(service, &email).await,
        AdminCommand::UserEnable { email } => users::enable(service, &email).await,
        AdminCommand::UserDelete { email } => users::delete(service, &email).await,
        AdminCommand::UserResetPassword { email, password } => {
            users::reset_password(service, &email, password).await
        }
        AdminCommand::Backup { file } => instance::back_up(service, file).await,
        AdminCommand::Pause => instance::set_sending(service, Paused::Yes).await,
        AdminCommand::Resume => instance::set_sending(service, Paused::No).await,
        AdminCommand::Health => instance::health(service).await,
    };
    done.unwrap_or_else(|refusal| AdminAnswer::Refused {
        reason: sentence(&refusal),
    })
}

/// The operator, as actions see them: at home in the workspace that requests mean which name none.
async fn operator(service: &Service) -> Result<Caller, Refusal> {
    let home = service.workspace(DEFAULT_NAME).await?;
    Ok(Caller {
        workspace: home.id,
        plan: home.plan,
        consumer: None,
        actor: Actor::Cli,
    })
}

/// A refusal in one line, with each field that is at fault.
fn sentence(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|error| format!("{}: {}", error.field, error.message))
                .collect();
            fields.join("; ")
        }
        other => other.to_string(),
    }
}
