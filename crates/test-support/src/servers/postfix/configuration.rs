//! The files that a Postfix instance consists of.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

use super::super::authority::write_certificates;
use super::super::program;
use super::{HOST, PASSWORD, Ports, Route, USER};

/// The owner of the delivered files, and the user that routed programs run as: nobody.
const MAIL_OWNER: u32 = 65534;

/// Writes everything that an instance consists of.
pub(super) fn write_instance(directory: &Path, ports: Ports, routes: &[(&str, Route)]) -> io::Result<()> {
    for part in ["", "etc", "etc/sasl", "spool", "data", "mail"] {
        let part = directory.join(part);
        fs::create_dir(&part)?;
        // Postfix's users must get through, whatever the umask of the test's own is.
        fs::set_permissions(&part, fs::Permissions::from_mode(0o755))?;
    }
    chown(directory.join("mail"), Some(MAIL_OWNER), Some(MAIL_OWNER))?;
    give_to_postfix(&directory.join("data"))?;
    write_certificates(HOST, &directory.join("ca.pem"), &directory.join("etc/server.pem"))?;
    let mut master = master_cf(ports);
    let (mut transports, mut aliases) = (String::new(), String::new());
    for (number, (recipients, route)) in routes.iter().enumerate() {
        let transport = route.transport(number);
        transports.extend([*recipients, " ", &transport, "\n"]);
        master.push_str(&route.service(number));
        aliases.push_str(&route.alias(recipients));
    }
    fs::write(directory.join("etc/transports"), transports)?;
    fs::write(directory.join("etc/aliases"), aliases)?;
    fs::write(directory.join("etc/main.cf"), main_cf(directory))?;
    fs::write(directory.join("etc/master.cf"), master)?;
    write_account(directory)
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
        .env("PATH", program::path_with_administration());
    program::output(&mut command)?;
    give_to_postfix(&database)
}

fn give_to_postfix(path: &Path) -> io::Result<()> {
    program::output(Command::new("chown").arg("postfix").arg(path))?;
    Ok(())
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
alias_maps = texthash:{directory}/etc/aliases
alias_database =
default_privs = nobody
transport_maps = texthash:{directory}/etc/transports
recipient_delimiter = +
notify_classes =
# A server that was away is tried again at once.
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
transport_retry_time = 1s
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

/// The queue manager wakes every second: a mail that is due again while its last delivery still holds it goes back to
/// the incoming queue, which is looked through when the next mail comes or the queue manager wakes.
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
qmgr unix n - n 1 1 qmgr
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
lmtp unix - - n - - lmtp
local unix - n n - - local
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"
    )
}
