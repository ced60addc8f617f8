//! The socket in the data directory, by which commands reach the running server.
//!
//! Owns: one line of JSON in, one line of JSON out, and who may speak. Refuses: other users of the
//! machine, long lines, and knowing what a command does.
//!
//! # Why a socket and not the API
//! Who may write the data directory may do everything anyway, so no key is needed: the first key is
//! made this way. And the running server carries the command out, so that it is in force at once.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{AdminAnswer, AdminCommand, execute};
use crate::service::Service;

/// The socket's name in the data directory.
pub const SOCKET_FILE: &str = "hookpost.sock";
/// The most bytes of a command.
const COMMAND_BYTES_MAX: u64 = 64 * 1024;
/// How long a command may take to arrive.
const COMMAND_DEADLINE: Duration = Duration::from_secs(5);
/// How long a command may take altogether; backups of large databases take minutes.
const ANSWER_DEADLINE: Duration = Duration::from_secs(3600);
/// The most bytes of a path that the kernel takes for a socket, with room to spare.
const SOCKET_PATH_BYTES_MAX: usize = 100;

/// The open socket.
pub struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// Closes it.
    pub fn stop(self) {
        self.task.abort();
        // A file that is left over does no harm: the next server replaces it.
        drop(std::fs::remove_file(&self.path));
    }
}

/// Opens the socket of `data_dir` on the current runtime. The caller holds the directory's lock, so
/// a socket that is already there belongs to a server that was killed.
///
/// # Errors
/// Where it can't be made.
pub fn serve(data_dir: &Path, service: Service) -> io::Result<Control> {
    let path = data_dir.join(SOCKET_FILE);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = at_short_path(data_dir, |short| UnixListener::bind(short))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let owner = std::fs::metadata(&path)?.uid();
    let task = tokio::spawn(accept(listener, owner, service));
    Ok(Control { path, task })
}

async fn accept(listener: UnixListener, owner: u32, service: Service) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let service = service.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, owner, &service).await {
                        tracing::debug!(%error, "a command was not answered");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket cannot accept");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn converse(mut stream: UnixStream, owner: u32, service: &Service) -> io::Result<()> {
    // The mode keeps others out; this holds between making the socket and setting its mode.
    let caller = stream.peer_cred()?.uid();
    if caller != owner && caller != 0 {
        return Err(ErrorKind::PermissionDenied.into());
    }
    let mut line = Vec::new();
    let mut reader = AsyncBufReader::new((&mut stream).take(COMMAND_BYTES_MAX));
    timeout(COMMAND_DEADLINE, reader.read_until(b'\n', &mut line)).await??;
    let answer = match serde_json::from_slice::<AdminCommand>(&line) {
        Ok(command) => execute(service, command).await,
        Err(error) => AdminAnswer::Refused {
            reason: format!(
                "the running server does not know this command; is it another version? ({error})"
            ),
        },
    };
    let mut answer = serde_json::to_vec(&answer)?;
    answer.push(b'\n');
    stream.write_all(&answer).await?;
    stream.shutdown().await
}

/// Sends `command` to the server that runs on `data_dir`; `None` where none answers there.
///
/// # Errors
/// Where a server is there but gives no whole answer.
pub fn ask(data_dir: &Path, command: &AdminCommand) -> io::Result<Option<AdminAnswer>> {
    ask_within(data_dir, command, ANSWER_DEADLINE)
}

/// As [`ask`], for a command that is answered soon or not at all.
///
/// # Errors
/// As [`ask`]; [`ErrorKind::WouldBlock`] where the answer does not come within `deadline`.
pub fn ask_within(
    data_dir: &Path,
    command: &AdminCommand,
    deadline: Duration,
) -> io::Result<Option<AdminAnswer>> {
    let mut stream = match at_short_path(data_dir, |short| BlockingStream::connect(short)) {
        Ok(stream) => stream,
        Err(error) if is_nobody(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    stream.set_read_timeout(Some(deadline))?;
    let mut line = serde_json::to_vec(command)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_str(&answer)?))
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::NotADirectory
    )
}

/// Kernels take only about a hundred bytes for a socket's path. A deeper directory is opened, and
/// its descriptor's short name is used in its place.
fn at_short_path<T>(data_dir: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    use std::os::fd::AsRawFd;
    let path = data_dir.join(SOCKET_FILE);
    if path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return act(&path);
    }
    let dir = std::fs::File::open(data_dir)?;
    act(&PathBuf::from(format!(
        "/proc/self/fd/{}/{SOCKET_FILE}",
        dir.as_raw_fd()
    )))
}
