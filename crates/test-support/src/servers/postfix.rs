//! Postfix: a private instance that keeps every mail for whomever in one maildir, with STARTTLS and AUTH.
//!
//! Nothing leaves the machine: every domain is a virtual mailbox domain of this instance. It needs root, as Postfix's
//! master does, but neither reads nor writes below `/etc/postfix` and `/var/spool/postfix`.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::suite::{Suite, find_program, is_root};
use super::supervisor::{Supervisor, free_port, unique};

/// Tests that need Postfix.
pub const SUITE: Suite = Suite {
    name: "postfix",
    variable: "RECADO_TEST_POSTFIX",
    packages: &["postfix", "sasl2-bin", "libsasl2-modules"],
    locate,
};

/// The name that the server greets with and that its certificate is for, beside `localhost`.
pub const HOST: &str = "mail.recado.test";

/// The account that may submit.
pub const USER: &str = "desk@recado.test";
/// The account's password.
pub const PASSWORD: &str = "a password, with blanks & \"quotes\"";

/// The owner of the delivered files: nobody.
const MAIL_OWNER: u32 = 65534;

/// Tries at finding ports that nobody else takes before the server does.
const TRIES: u32 = 5;

/// How often the maildir is looked at. Postfix tells nobody that it delivered.
const LOOK: Duration = Duration::from_millis(20);

/// Arguments: the instance's directory. See [`Supervisor::start`].
const SCRIPT: &str = r#"
trap '' INT TERM HUP
cd /
if postfix -c "$1/etc" start >"$1/start.log" 2>&1; then
    echo ready
    cat >/dev/null
    postfix -c "$1/etc" abort >/dev/null 2>&1
else
    cat "$1/start.log" "$1/log" 2>/dev/null
fi
rm -rf "$1"
"#;

/// A Postfix instance.
#[derive(Debug)]
pub struct Postfix {
    directory: PathBuf,
    ports: Ports,
    // Dropped last: it removes the directory.
    _supervisor: Supervisor,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    relay: u16,
    submission: u16,
    submissions: u16,
}

impl Postfix {
    /// An instance for the running test. `None` when the task said that there is no Postfix; the test must return.
    ///
    /// # Panics
    /// There should be a server, and it cannot be started.
    pub fn for_this_test() -> Option<Self> {
        SUITE.for_this_test()?;
        Some(Self::start().unwrap_or_else(|error| panic!("Postfix does not start: {error}")))
    }

    /// Makes and starts an instance.
    ///
    /// # Errors
    /// What Postfix says about why it does not start.
    pub fn start() -> io::Result<Self> {
        let mut tried = 0;
        loop {
            tried += 1;
            let ports = Ports {
                relay: free_port()?,
                submission: free_port()?,
                submissions: free_port()?,
            };
            let directory = env::temp_dir().join(format!("recado-postfix-{}", unique()));
            let written = write_instance(&directory, ports);
            if written.is_err() {
                fs::remove_dir_all(&directory)?;
            }
            written?;
            let mut command = Command::new("sh");
            command
                .args(["-c", SCRIPT, "postfix"])
                .arg(&directory)
                .env("PATH", path_with_administration());
            match Supervisor::start(&mut command) {
                Ok(supervisor) => {
                    return Ok(Self {
                        directory,
                        ports,
                        _supervisor: supervisor,
                    });
                }
                Err(error) if tried < TRIES && error.to_string().contains("Address already in use") => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes mail without AUTH and offers no TLS, like port 25 within a network.
    pub fn relay(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.relay).into()
    }

    /// Demands STARTTLS and AUTH, like port 587.
    pub fn submission(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.submission).into()
    }

    /// TLS from the first byte, demands AUTH, like port 465.
    pub fn submissions(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.submissions).into()
    }

    /// The PEM file of the authority that signed the certificate for [`HOST`], `localhost` and `127.0.0.1`.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// The mails that were delivered to this recipient so far, in no certain order, byte for byte as in the maildir:
    /// the lines end with LF, and Postfix's own header lines stand before those of the mail.
    ///
    /// # Panics
    /// The maildir cannot be read.
    pub fn delivered_to(&self, recipient: &str) -> Vec<Vec<u8>> {
        let header = format!("\nDelivered-To: {recipient}\n").to_lowercase();
        let Ok(mailbox) = fs::read_dir(self.directory.join("mail/inbox/new")) else {
            // The first delivery makes it.
            return Vec::new();
        };
        mailbox
            .map(|entry| {
                fs::read(entry.expect("the maildir is readable").path())
                    .expect("a delivered mail is readable")
            })
            .filter(|mail| {
                let head = mail
                    .split(|byte| *byte == b'\n')
                    .take_while(|line| !line.is_empty());
                let head: Vec<u8> = head
                    .flat_map(|line| [b"\n", line].concat())
                    .chain([b'\n'])
                    .collect();
                String::from_utf8_lossy(&head).to_lowercase().contains(&header)
            })
            .collect()
    }

    /// Waits for the first mail to this recipient.
    ///
    /// # Panics
    /// None came within the time; the message holds the server's log.
    pub fn wait_for_mail(&self, recipient: &str, at_most: Duration) -> Vec<u8> {
        let start = Instant::now();
        loop {
            if let Some(mail) = self.delivered_to(recipient).pop() {
                return mail;
            }
            assert!(
                start.elapsed() < at_most,
                "no mail for {recipient} within {at_most:?}; Postfix says:\n{}",
                self.log()
            );
            thread::sleep(LOOK);
        }
    }

    /// What Postfix logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

/// Writes everything that an instance consists of.
fn write_instance(directory: &Path, ports: Ports) -> io::Result<()> {
    for part in ["", "etc", "etc/sasl", "spool", "data", "mail"] {
        let part = directory.join(part);
        fs::create_dir(&part)?;
        // Postfix's users must get through, whatever the umask of the test's own is.
        fs::set_permissions(&part, fs::Permissions::from_mode(0o755))?;
    }
    chown(directory.join("mail"), Some(MAIL_OWNER), Some(MAIL_OWNER))?;
    say(Command::new("chown").arg("postfix").arg(directory.join("data")))?;
    write_certificates(directory)?;
    fs::write(directory.join("etc/main.cf"), main_cf(directory))?;
    fs::write(directory.join("etc/master.cf"), master_cf(ports))?;
    write_account(directory)
}

fn write_certificates(directory: &Path) -> io::Result<()> {
    let make = || -> Result<_, rcgen::Error> {
        let mut authority = CertificateParams::new([])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let names = [HOST, "localhost", "127.0.0.1"].map(str::to_owned);
        let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
        Ok((
            authority.pem(),
            format!("{}{}", key.serialize_pem(), certificate.pem()),
        ))
    };
    let (authority, chain) = make().map_err(io::Error::other)?;
    fs::write(directory.join("ca.pem"), authority)?;
    fs::write(directory.join("etc/server.pem"), chain)
}

/// The account lives in a database of Cyrus SASL's own, so that no daemon is needed to check it.
fn write_account(directory: &Path) -> io::Result<()> {
    let database = directory.join("etc/sasl/sasldb2");
    let configuration = format!(
        "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\nmech_list: PLAIN LOGIN\n",
        database.display()
    );
    fs::write(directory.join("etc/sasl/smtpd.conf"), configuration)?;
    let (name, realm) = USER.split_once('@').expect("the account's name has a realm");
    // The password goes through a file: an argument would show in the list of processes.
    let password = directory.join("etc/sasl/password");
    fs::write(&password, PASSWORD)?;
    let mut command = Command::new("saslpasswd2");
    command
        .args(["-p", "-c", "-u", realm, "-f"])
        .arg(&database)
        .arg(name);
    command
        .stdin(fs::File::open(&password)?)
        .env("PATH", path_with_administration());
    say(&mut command)?;
    say(Command::new("chown").arg("postfix").arg(&database))
}

fn main_cf(directory: &Path) -> String {
    let directory = directory.display();
    let temporary = env::temp_dir();
    let temporary = temporary.display();
    format!(
        "\
compatibility_level = 3.6
queue_directory = {directory}/spool
data_directory = {directory}/data
maillog_file = {directory}/log
maillog_file_prefixes = {temporary}
mail_owner = postfix
setgid_group = postdrop
myhostname = {HOST}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
disable_dns_lookups = yes
message_size_limit = 26214400
mailbox_size_limit = 0
virtual_mailbox_limit = 0
# Every domain is here, and every address is the same maildir.
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = {directory}/mail
virtual_uid_maps = static:{MAIL_OWNER}
virtual_gid_maps = static:{MAIL_OWNER}
smtpd_tls_chain_files = {directory}/etc/server.pem
smtpd_tls_auth_only = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
# Where Debian's build looks whatever is said here.
cyrus_sasl_config_path = {directory}/etc/sasl
smtpd_sasl_security_options = noanonymous
smtpd_error_sleep_time = 0
"
    )
}

fn master_cf(ports: Ports) -> String {
    let Ports {
        relay,
        submission,
        submissions,
    } = ports;
    let submit =
        "-o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject";
    format!(
        "\
127.0.0.1:{relay} inet n - n - - smtpd -o smtpd_tls_security_level=none
127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {submit}
127.0.0.1:{submissions} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes {submit}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"
    )
}

/// Runs a small command, and fails with what it says.
fn say(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!(
        "{}: {said}",
        command.get_program().display()
    )))
}

/// The `PATH` with the administrator's programs, which an ordinary user's leaves out.
fn path_with_administration() -> std::ffi::OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

fn locate() -> Result<PathBuf, String> {
    if !is_root() {
        return Err("Postfix needs root".to_owned());
    }
    let postfix = find_program("postfix").ok_or("Postfix is not installed")?;
    find_program("saslpasswd2").ok_or("saslpasswd2 is not installed")?;
    Ok(postfix)
}
