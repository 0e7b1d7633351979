//! The files that a Dovecot instance consists of.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use super::super::authority::write_certificates;
use super::super::program;
use super::{Announcing, HOST, PASSWORD, Ports};

/// The owner of the maildirs: nobody.
const MAIL_OWNER: u32 = 65534;

/// Writes everything that an instance consists of.
pub(super) fn write_instance(
    directory: &Path,
    ports: Ports,
    users: &[&str],
    announcing: Announcing,
) -> io::Result<()> {
    for part in ["", "run", "state", "mail"] {
        let part = directory.join(part);
        fs::create_dir(&part)?;
        // Dovecot's users must get through, whatever the umask of the test's own is.
        fs::set_permissions(&part, fs::Permissions::from_mode(0o755))?;
    }
    chown(directory.join("mail"), Some(MAIL_OWNER), Some(MAIL_OWNER))?;
    write_certificates(HOST, &directory.join("ca.pem"), &directory.join("server.pem"))?;
    let lines = users.iter().map(|user| format!("{user}:{{PLAIN}}{PASSWORD}\n"));
    let passwords = directory.join("users");
    fs::write(&passwords, lines.collect::<String>())?;
    fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600))?;
    program::output(Command::new("chown").arg("dovecot").arg(&passwords))?;
    fs::write(
        directory.join("dovecot.conf"),
        configuration(directory, ports, announcing),
    )
}

fn configuration(directory: &Path, ports: Ports, announcing: Announcing) -> String {
    let capability = match announcing {
        Announcing::Everything => "",
        Announcing::NoIdle => "imap_capability = IMAP4rev1 LITERAL+ UIDPLUS",
    };
    let Ports { imap, imaps, lmtp } = ports;
    let name = directory.file_name().unwrap_or_default().display();
    let directory = directory.display();
    format!(
        "\
instance_name = {name}
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{directory}/server.pem
ssl_key = <{directory}/server.pem
disable_plaintext_auth = no
auth_username_format = %Lu
recipient_delimiter = +
mail_location = maildir:~/Maildir
mail_fsync = never
{capability}
passdb {{
  driver = passwd-file
  args = {directory}/users
}}
userdb {{
  driver = static
  args = uid={MAIL_OWNER} gid={MAIL_OWNER} home={directory}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"
    )
}
