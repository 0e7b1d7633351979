//! The ways in for mail: the LMTP server, and the loop that reads the mailbox.

use std::net::{SocketAddr, TcpListener as Socket};
use std::sync::Arc;

use anyhow::Context as _;
use recado_adapters_inbound::imap::MailboxReader;
use recado_adapters_inbound::lmtp::{self, LmtpOptions};
use recado_app::receive_mail::ReceiveMail;
use recado_app::stop::Stop;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::workers::again_after_panic;
use crate::config::Configuration;
use crate::wiring::House;

/// Where mail servers hand mail over.
pub(super) struct LmtpDoor {
    /// Where it is.
    pub(super) address: SocketAddr,
    /// Kept apart from the server that accepts on it, so that a server that panicked begins anew on the same door.
    socket: Socket,
}

impl LmtpDoor {
    /// Listens on `[inbound] lmtp`, where it is set.
    pub(super) async fn open(configuration: &Configuration) -> anyhow::Result<Option<Self>> {
        let Some(listen) = &configuration.inbound.lmtp else {
            return Ok(None);
        };
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("inbound.lmtp: {listen} cannot be listened on"))?;
        let address = listener.local_addr().context("inbound.lmtp")?;
        let socket = listener.into_std().context("inbound.lmtp")?;
        Ok(Some(Self { address, socket }))
    }

    fn listener(&self) -> std::io::Result<TcpListener> {
        TcpListener::from_std(self.socket.try_clone()?)
    }
}

/// Starts the ways in; each ends by itself when it is told to stop.
pub(super) fn start(
    house: &House,
    receive: &Arc<ReceiveMail>,
    mailbox: MailboxReader,
    door: Option<LmtpDoor>,
    stop: &Stop,
    loops: &mut JoinSet<()>,
) {
    // It runs whatever parameter 200 says, which may change at any time.
    let mailbox = Arc::new(mailbox);
    let mailbox_stop = stop.clone();
    loops.spawn(again_after_panic("mailbox", stop.clone(), move || {
        let (mailbox, stop) = (mailbox.clone(), mailbox_stop.clone());
        async move { mailbox.run(&stop).await }
    }));
    if let Some(door) = door {
        let door = Arc::new(door);
        let (receive, options, stop) = (receive.clone(), lmtp_options(house), stop.clone());
        loops.spawn(again_after_panic("lmtp", stop.clone(), move || {
            lmtp(door.clone(), receive.clone(), options.clone(), stop.clone())
        }));
    }
}

fn lmtp_options(house: &House) -> LmtpOptions {
    let configuration = &house.configuration;
    let hostname = configuration.mail.ehlo_name.clone();
    LmtpOptions {
        grace: configuration.delivery.shutdown,
        ..LmtpOptions::new(
            hostname.unwrap_or_else(|| configuration.messaging.public_host.clone()),
            configuration.incoming.largest_mail,
        )
    }
}

async fn lmtp(door: Arc<LmtpDoor>, receive: Arc<ReceiveMail>, options: LmtpOptions, stop: Stop) {
    let listener = door
        .listener()
        .expect("a socket can be used once more while there are descriptors");
    lmtp::serve(listener, receive, options, stop).await;
}
