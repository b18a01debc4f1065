#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every limit of the product, each with its reason and its precedent. A limit that an operator may change is the
/// default here and a key in the configuration (config/config.h).
namespace fermo::limits {

using namespace std::chrono_literals;

// --- Identifiers -----------------------------------------------------------------------------------------------------

/// RFC 1939 §7: a unique-id is 1 to 70 characters of 0x21 to 0x7E.
inline constexpr std::size_t unique_id_octets_max = 70;
/// A local-part of 64 and a domain of 255 with their "@" (RFC 5321 §4.5.3.1) is the longest account name anybody uses.
inline constexpr std::size_t drop_id_octets_max = 320;

// --- POP3 ------------------------------------------------------------------------------------------------------------

/// RFC 2449 §4 allows 255 octets with the CRLF; real passwords and tokens need more, so all but AUTH lines get this
/// much.
inline constexpr std::size_t pop3_command_octets_max = 1024;
/// A base64 SASL response: OAuth tokens of the big providers reach 4 to 8 KiB; Dovecot's limit is 8192.
inline constexpr std::size_t sasl_response_octets_max = 16 * 1024;
/// Wrong commands (unknown, malformed or in the wrong state) before login, after which the connection ends: an HTTP
/// request sent here gets no further (ALPACA). Five leaves room for every real client's probing.
inline constexpr unsigned pop3_unauthenticated_errors_max = 5;
/// Wrong commands after login: a client that pipelines over a vanished message may collect many.
inline constexpr unsigned pop3_authenticated_errors_max = 1000;
/// An over-long command line gets one -ERR at its end; one that has not ended after this many octets ends the session.
/// Four times the longest line that is taken: nobody mistypes that much.
inline constexpr std::size_t pop3_endless_line_octets = 64 * 1024;
/// Refused logins in one session; three is what Dovecot and OpenSSH allow within reason.
inline constexpr unsigned login_attempts_max = 3;
/// RFC 1939 §3: the autologout timer must be at least 10 minutes.
inline constexpr std::chrono::seconds pop3_autologout = 10min;
inline constexpr std::chrono::seconds pop3_autologout_min = 10min;
/// Until login the RFC's 10 minutes do not pay: a slot is held by nobody we know. Longer than the slowest real client.
inline constexpr std::chrono::seconds unauthenticated_time_max = 60s;
/// Scan listings asked of a maildrop at once: 512 × about 100 octets stays below one output buffer.
inline constexpr std::size_t scan_listings_at_once_max = 512;

// --- POP3 client -----------------------------------------------------------------------------------------------------

/// Commands that are on their way. Below the 16 KiB that every system buffers for a connection, so that writing them
/// never waits for reading (RFC 2449 §6.6); Evolution allows 1 KiB, mpop 100 commands. 320 `UIDL n` of seven digits
/// fit, as one round of a probe of the tail takes.
inline constexpr std::size_t client_window_octets = 8 * 1024;
/// Commands answered in one flight that prove PIPELINING: o2.pl announces it and drops the connection at ten (MailKit
/// issue 174).
inline constexpr std::size_t client_pipelining_proven_commands = 32;
/// A line of a reply. RFC 1939 §3 allows 512 octets; SASL lines and apologies of providers are longer.
inline constexpr std::size_t client_reply_octets_max = 4096;
/// A SASL challenge with its "+ ", as sasl_response_octets_max.
inline constexpr std::size_t client_challenge_octets_max = 16 * 1024;
/// Challenges in one login: SCRAM has two, LOGIN two, and OAuth one more for its error.
inline constexpr unsigned client_challenges_max = 8;
/// Lines of CAPA. RFC 2449 defines nine; Dovecot, Courier and Gmail send about ten.
inline constexpr std::size_t client_capability_lines_max = 256;
/// Lines of LIST or UIDL, when STAT has told nothing, and whatever it has told: the largest drops known have 150,000
/// messages.
inline constexpr std::uint64_t client_listing_lines_untold_max = 1'000'000;
inline constexpr std::uint64_t client_listing_lines_max = 10'000'000;
/// Lines beyond what STAT told, for servers that count differently there.
inline constexpr std::uint64_t client_listing_lines_spare = 1'000;
/// All lines of LIST or UIDL: as many as there may be have some 40 octets each. What is made of them stays in memory.
inline constexpr std::uint64_t client_listing_octets_max = std::uint64_t{512} << 20;
/// Entries of a listing that are handed over at once.
inline constexpr std::size_t client_listing_entries_at_once_max = 512;
/// One message. None is as long: it keeps an endless one from filling the disk.
inline constexpr std::uint64_t client_message_octets_max = std::uint64_t{1} << 30;
/// The wait for the next octet. fetchmail waits 5 minutes, getmail 3; delays before a greeting and after a failed login
/// stay under one.
inline constexpr std::chrono::seconds client_reply_time_max = 2min;
/// What a server has to bring in so long for the wait to begin anew, if it is neither the end of a reply nor the answer to
/// a new command: an octet each minute would hold a session for years. A modem of 2,400 bit/s takes 4 minutes for as much.
inline constexpr std::uint64_t client_progress_octets = 64 * 1024;
inline constexpr std::chrono::seconds client_progress_time_max = 10min;
/// At least so many times the wait for the next octet, where that was made longer for a slow server.
inline constexpr int client_progress_reply_times_min = 5;
/// What the wait for the answer to QUIT grows by, for each deletion: Dovecot took 7 ms for one on a busy machine, a
/// file server or a rotating disk takes 20. However many they are, a server that says nothing for an hour has died.
inline constexpr std::chrono::milliseconds client_deletion_time = 20ms;
inline constexpr std::chrono::seconds client_deletions_time_max = 1h;
/// Words of a server that are shown or logged.
inline constexpr std::size_t client_text_octets_max = 256;
/// What a SCRAM server may ask for: fewer are cheap to crack (RFC 7677 §4), more hold up the client (RFC 5802 §9).
inline constexpr std::uint64_t scram_iterations_min = 4'096;
inline constexpr std::uint64_t scram_iterations_max = 1'000'000;

// --- SMTP and LMTP ---------------------------------------------------------------------------------------------------

/// RFC 5321 §4.5.3.1.4 asks for 512 octets; extensions add to it (SIZE 26, BODY, SMTPUTF8, long addresses).
inline constexpr std::size_t smtp_command_octets_max = 2048;
/// As pop3_endless_line_octets: a command line that is dropped for its length and has not ended by then ends the
/// connection.
inline constexpr std::size_t smtp_endless_line_octets = 64 * 1024;
/// RFC 5321 §4.5.3.1.3: a path has at most 256 octets with its punctuation; addresses in UTF-8 may reach 320.
inline constexpr std::size_t path_octets_max = 326;
/// RFC 5321 §4.5.3.1.8 asks for at least 100; 1,000 is Postfix's default (smtpd_recipient_limit).
inline constexpr std::size_t recipients_max = 1000;
/// RFC 5321 §4.5.3.2.7 asks a server to wait 5 minutes at least.
inline constexpr std::chrono::seconds smtp_idle_time_max = 5min;
/// As pop3_unauthenticated_errors_max, for a peer that talks nonsense; Postfix's smtpd_hard_error_limit is 20.
inline constexpr unsigned smtp_errors_max = 20;

// --- Handing mail on -------------------------------------------------------------------------------------------------

/// RFC 5321 §4.5.3.2.6: 10 minutes for the answer to mail data, and as much for IMAP's APPEND. Whoever gives up sooner
/// sends the message twice.
inline constexpr std::chrono::seconds handing_on_time_max = 10min;
/// The wait for the answer to QUIT or LOGOUT, which nothing depends on.
inline constexpr std::chrono::seconds goodbye_time_max = 5s;
/// Messages of the same octets and the same Message-ID that are looked at for one that is there already: copies by way
/// of lists.
inline constexpr std::size_t imap_found_max = 64;

// --- Messages --------------------------------------------------------------------------------------------------------

/// The largest message taken in by default. Gmail's limit is 25 MB encoded, Exchange Online's up to 150 MB.
inline constexpr std::uint64_t message_octets_max = 100'000'000;
/// A message is read and written in pieces of at most this size, so memory does not grow with the message.
inline constexpr std::size_t message_piece_octets_max = 64 * 1024;
/// The trace fields that go before a message for one recipient: three fields with two addresses and a host name each.
inline constexpr std::size_t trace_fields_octets_max = 4096;

// --- Store -----------------------------------------------------------------------------------------------------------

/// Blocks of index, filter and rows that were read lately: enough for 100,000 polled drops, little for any machine.
inline constexpr std::size_t store_cache_octets = std::size_t{64} << 20;
/// What is in the log and not yet in tables. Half a second of writing for a disk; the log replayed at start is at most
/// twice this.
inline constexpr std::size_t store_write_buffer_octets = std::size_t{96} << 20;
/// Below this no mail is taken, so that deleting still works when the disk is nearly full. What is in the log and not
/// yet in tables is written once more, and the engine needs room to compact. Postfix keeps 1.5 messages
/// (queue_minfree), which it is told anew for each.
inline constexpr std::uint64_t store_free_octets_min = std::uint64_t{128} << 20;
/// Between attempts to write again after the disk has failed: soon at first, then often enough that nobody has to
/// restart.
inline constexpr std::chrono::milliseconds store_recovery_wait_min = 100ms;
inline constexpr std::chrono::milliseconds store_recovery_wait_max = 30s;

// --- Server ----------------------------------------------------------------------------------------------------------

/// Replies wait in memory up to this size, then reading stops until the peer has taken them.
inline constexpr std::size_t output_octets_max = 64 * 1024;
/// One read from a socket.
inline constexpr std::size_t input_octets_at_once = 16 * 1024;
/// Connections in all and from one address (IPv6: one /64). An office behind one NAT has dozens of clients.
inline constexpr std::size_t connections_max = 10'000;
inline constexpr std::size_t connections_per_address_max = 100;
/// Of the descriptors that a process may have, those that are no client's, beside the ones that can be counted
/// (listening sockets, reactors, connections to other processes): standard streams, log, notes, configurations, and
/// clients that are accepted only to be told that there are too many.
inline constexpr std::size_t descriptors_reserved = 128;
/// How long sessions may go on after SIGTERM; systemd's own stop time-out is 90 s.
inline constexpr std::chrono::seconds drain_time_max = 20s;
/// After a reply that ends a session for cause (too many errors), what the peer still sends is read and dropped for so
/// long and up to so much: closing at once would make the kernel send a reset that can overtake the reply.
inline constexpr std::chrono::seconds lingering_time_max = 2s;
inline constexpr std::size_t lingering_octets_max = 256 * 1024;
/// Reads and writes that a stream may complete in a row without giving way: one read of commands and the write of their
/// replies. Giving way costs a microsecond; what 16 KiB of commands ask for takes a thousand.
inline constexpr unsigned stream_turns_max = 2;
/// Connections that the kernel holds until they are accepted; the kernel cuts it to net.core.somaxconn (4096 since
/// Linux 5.4).
inline constexpr int listen_backlog = 4096;
/// How long no connection is accepted after the process has run out of descriptors.
inline constexpr std::chrono::milliseconds accept_pause = 200ms;
/// Jobs that may wait for the store. Each session has one at most, so this is where a stalled disk turns into
/// [SYS/TEMP].
inline constexpr std::size_t store_queue_max = 8'192;
/// Logins that may wait for a hash: at 30 ms each on 2 cores the last one waits 15 s, as long as clients do.
inline constexpr std::size_t login_queue_max = 1'024;
/// Keys of session tickets are renewed after this long; half a day is what Cloudflare and nginx guides settle on, RFC
/// 8446 §4.6.1 allows 7 d.
inline constexpr std::chrono::hours ticket_key_time_max = 12h;
/// Text that a peer chose (user, HELO) in one field of a log line.
inline constexpr std::size_t log_text_octets_max = 128;
/// One line of the log: PIPE_BUF on Linux. The processes of a server write to one pipe, which mixes what is longer
/// (pipe(7)).
inline constexpr std::size_t log_line_octets_max = 4096;
/// What waits in each process while nobody reads its log: some thousand lines; four times what the pipe itself holds.
inline constexpr std::size_t log_buffer_octets_max = 256 * 1024;
/// How long a process that ends waits for whoever reads its log.
inline constexpr std::chrono::milliseconds log_flush_time_max = 1s;

// --- Store socket ----------------------------------------------------------------------------------------------------

/// One request or reply. The largest is a list of `scan_listings_at_once_max` maildrops: 512 × (320 + 20) octets = 170
/// KiB.
inline constexpr std::size_t store_ipc_frame_octets_max = 256 * 1024;
/// With the number of a channel before it.
inline constexpr std::size_t ipc_frame_octets_max = store_ipc_frame_octets_max + 16;
/// Connections at once, each with a thread; a command needs one or two.
inline constexpr std::size_t store_ipc_connections_max = 64;
/// Messages that are being read at once in one snapshot.
inline constexpr std::size_t store_ipc_cursors_max = 64;
/// Small messages that come with the one that was asked for, as far as all of them fit one piece.
inline constexpr std::size_t store_ipc_following_max = 64;
/// Recipients of one delivery through the socket: more than a command line names, and 3,000 unique-ids of 74 octets fit
/// one frame.
inline constexpr std::size_t store_ipc_recipients_max = 3000;
/// What deliveries that have not finished may hold in memory, all those of the process with the network together: as many
/// as that has connections, or a few with the most recipients. Without a bound, one that is in foreign hands could make
/// the store hold as much as it likes.
inline constexpr std::size_t store_channels_held_octets_max = 1024 * 1024 * 1024;
/// Recipients in one frame: each may carry 320 + 4096 + 70 octets.
inline constexpr std::size_t store_ipc_recipients_at_once_max = 32;
/// Message-numbers in one frame, of 8 octets each.
inline constexpr std::size_t store_ipc_deletions_at_once_max = 16 * 1024;
/// How long one reply may take: a recount of a maildrop of millions of messages on a slow disk is the longest.
inline constexpr std::chrono::seconds store_ipc_reply_time_max = 10min;
/// How long taking a checkpoint may take. Where files can be linked it is done at once; else a terabyte is copied on a
/// slow disk (20 MB/s) in 14 hours. Of a server that has gone the socket tells at once, so this ends only one that
/// hangs.
inline constexpr std::chrono::hours store_ipc_checkpoint_time_max{48};

// --- Backups ---------------------------------------------------------------------------------------------------------

/// The name of a checkpoint's folder: a word and a number.
inline constexpr std::size_t checkpoint_name_octets_max = 64;
/// What is kept with a backup: a checksum and the word for what it is of. RocksDB would take 1 MiB.
inline constexpr std::size_t backup_note_octets_max = 256;
/// How many backups a folder may be told to keep: one an hour for more than a year, each listed in little memory.
inline constexpr std::uint32_t backups_kept_max = 10'000;

// --- Keys socket -----------------------------------------------------------------------------------------------------

/// Certificates with their keys: RSA and ECDSA for a few names.
inline constexpr std::size_t keys_max = 8;
/// Certificates in a chain: the public ones have two to four; and the octets of one: the largest seen with a hundred
/// names have 6 KiB.
inline constexpr std::size_t keys_chain_max = 8;
inline constexpr std::size_t keys_certificate_octets_max = 15 * 1024;
/// A file with a chain, or with a key, in PEM: a third more than DER.
inline constexpr std::size_t keys_file_octets_max = 256 * 1024;
/// What a TLS server signs: two randoms of 32 octets and a group with its public value; ffdhe8192 has three numbers of
/// 1 KiB (RFC 7919).
inline constexpr std::size_t keys_content_octets_max = 4 * 1024;
/// RSA with 8192 bits.
inline constexpr std::size_t keys_signature_octets_max = 1024;
/// A request: what is signed, and a few numbers.
inline constexpr std::size_t keys_request_octets_max = keys_content_octets_max + 64;
/// A reply: the longest chain.
inline constexpr std::size_t keys_reply_octets_max = keys_chain_max * (keys_certificate_octets_max + 4) + 64;
/// How long a handshake waits for its signature: RSA with 4096 bits takes 5 ms, and behind a burst of others on all
/// cores a thousand times that is no use to the client any more.
inline constexpr std::chrono::milliseconds keys_reply_time_max = 2s;
/// Before ticket keys are asked for again after there was no answer: meanwhile no handshake waits for them.
inline constexpr std::chrono::milliseconds keys_retry_time = 5s;

// --- Processes -------------------------------------------------------------------------------------------------------

/// Of a note between a process and the one that started it: a few lines of text. What is longer goes in a descriptor.
inline constexpr std::size_t note_octets_max = 16 * 1024;
/// The kernel takes 253 at once (SCM_MAX_FD).
inline constexpr std::size_t note_descriptors_max = 128;
/// Before a process that ended is started again: at once the first time, then this, and so on doubled. One that cannot
/// work because of what it finds must not keep a core busy with dying.
inline constexpr std::chrono::milliseconds process_restart_wait_min = 100ms;
inline constexpr std::chrono::milliseconds process_restart_wait_max = 30s;
/// How long the one with the network may take for new settings, and one with keys to read them: both are done in
/// milliseconds, or after a few times `keys_reply_time_max`. One that does not answer is killed; with `drain_time_max`
/// after it this is less than the time that service managers give a server to stop.
inline constexpr std::chrono::seconds reload_time_max = 20s;
/// How long a process may take to end after it was told to; the one with the network, after `drain_time_max`. One that
/// stands still is killed: nothing is lost with it, but nobody should have to find out what keeps a server from ending.
inline constexpr std::chrono::seconds process_end_time_max = 15s;
/// A process that has run for so long did not end for what it found at its start.
inline constexpr std::chrono::milliseconds process_settled_time = 60s;
/// Maildrops and deliveries that the process with the network holds at the one with the store: one for each connection.
inline constexpr std::size_t store_channels_max = 1'000'000;
/// Logins that were found right and whose maildrop was not opened yet, and how long they may take to: a store that
/// answers slower than this is not waited for.
inline constexpr std::size_t grants_max = 100'000;
inline constexpr std::chrono::seconds grant_time_max = 1min;
/// One question about a login, or its answer: a password, a few names.
inline constexpr std::size_t auth_ipc_text_octets_max = 4 * 1024;
/// How long a decision about a login may take: a hash of 4 s behind all others that wait.
inline constexpr std::chrono::milliseconds auth_ipc_reply_time_max = 2min;

// --- Authentication --------------------------------------------------------------------------------------------------

/// Longer passwords are refused unhashed: Argon2 takes any length, an attacker's 10 MB is not a password.
inline constexpr std::size_t password_octets_max = 1024;
/// Failed logins in one minute, from one IPv4 address or IPv6 /64 and for one account, before more are not looked at.
/// A person who mistypes needs three; mail programs with an old password try some ten times a minute.
inline constexpr std::size_t guesses_per_address_max = 10;
inline constexpr std::size_t guesses_per_account_max = 100;
inline constexpr std::size_t guesses_max_highest = 1'000'000;
/// Who has not failed at an account for so long gets what of its guesses is kept for newcomers. Much longer than a
/// minute, so that it takes many networks to use that up; short enough for an owner who mistyped.
inline constexpr std::chrono::minutes newcomer_time_min{10};
/// Addresses, and accounts, that failed logins are counted for: 50,000 × about 1 KB is 50 MB when an attacker has as
/// many.
inline constexpr std::size_t guess_counts_max = 50'000;
/// Verified credentials kept in memory, and for how long. 100,000 × about 150 octets is 15 MB.
inline constexpr std::size_t verified_logins_max = 100'000;
inline constexpr std::chrono::seconds verified_login_time_max = 5min;
/// 1,000,000 users with 130 octets each, four times over. What is longer is not a password file.
inline constexpr std::size_t password_file_octets_max = 512 * 1024 * 1024;
/// What a stored hash may ask for, or one line of a password file could hold a core or the memory of the machine.
/// Argon2: 1 GiB is Dovecot's largest setting (MEMLIMIT_SENSITIVE of libsodium), and RFC 9106 §4 asks for 64 MiB with 3
/// passes where memory is short. Memory × passes is the time: 4 GiB are about 4 s.
inline constexpr std::uint32_t argon2_memory_kib_max = 1024 * 1024;
inline constexpr std::uint64_t argon2_work_kib_max = 4 * 1024 * 1024;
inline constexpr std::uint32_t argon2_lanes_max = 64;
/// SHA-crypt allows 999,999,999 rounds, which is ten minutes; its default is 5,000. Bcrypt allows 2^31; Dovecot's and
/// OpenBSD's defaults are 2^5 to 2^12. Both limits are about 3 s.
inline constexpr std::uint32_t sha_crypt_rounds_max = 5'000'000;
inline constexpr unsigned bcrypt_cost_log2_max = 15;
/// Yescrypt and scrypt take 128 × N × r octets: 1 GiB is the largest that libxcrypt makes itself (cost 11).
inline constexpr std::uint64_t scrypt_memory_octets_max = 1024ULL * 1024 * 1024;

// --- Configuration ---------------------------------------------------------------------------------------------------

/// Every key with its explanation takes 4 KiB; the rest is for listeners and networks.
inline constexpr std::size_t config_octets_max = 256 * 1024;
/// RFC 5321 §4.5.3.1.7 asks every server to take 64 KiB. Many POP3 clients keep octets in a signed 32-bit number.
inline constexpr std::uint64_t message_octets_max_lowest = 64 * 1024;
inline constexpr std::uint64_t message_octets_max_highest = 2'147'483'647;
/// RFC 5321 §4.5.3.1.8: at least 100 recipients; and no more than one delivery takes to the store, or a message whose
/// recipients have all been accepted would be refused at its end.
inline constexpr std::size_t recipients_max_lowest = 100;
inline constexpr std::size_t recipients_max_highest = store_ipc_recipients_max;
/// A process may have about a million file descriptors on Linux (fs.nr_open).
inline constexpr std::size_t connections_max_highest = 1'000'000;
inline constexpr std::chrono::seconds pop3_autologout_highest = 24h;
inline constexpr std::chrono::seconds drain_time_max_highest = 1h;
/// More threads than any machine has use for.
inline constexpr std::size_t threads_highest = 1024;
/// A petabyte: who keeps so much free has mistyped.
inline constexpr std::uint64_t store_free_octets_min_highest = std::uint64_t{1} << 50;

// --- Fetching --------------------------------------------------------------------------------------------------------

/// RFC 1939 §7 allows a unique-id 70 octets; some servers send more. fetchmail cuts at 128, which makes two of one.
inline constexpr std::size_t remote_unique_id_octets_max = 512;
/// What is read of a header to know a message by. Real headers stay under 64 KiB; Postfix's header_size_limit is 100
/// KiB.
inline constexpr std::uint64_t head_identity_octets_max = 256 * 1024;
/// Of one header field: RFC 5322 §2.1.1 has lines of 998 octets, a To with hundreds of addresses has many of them.
inline constexpr std::size_t head_field_octets_max = 16 * 1024;
/// Local copies that may vanish between two runs before mirroring asks whether that was meant, unless they are fewer
/// than half of all: a Maildir on a disk that is not mounted looks the same as one that was emptied.
inline constexpr std::size_t mirror_unconfirmed_deletions_max = 10;
/// A drop that is only probed is listed as a whole this often, for what a probe cannot see; daily, as the users' rules
/// count days.
inline constexpr std::chrono::hours full_listing_interval = 24h;
/// Below so many messages a listing of 60 octets each costs no more than probing.
inline constexpr std::uint64_t probe_messages_min = 1'000;
/// New messages that are asked for one by one, at two commands each; beyond, a listing of everything is as cheap.
inline constexpr std::uint64_t probe_tail_messages_max = 2'000;
/// How long one account waits for another one's commit to the shared ledger. A commit takes as long as an fsync: a
/// second on a disk in trouble.
inline constexpr std::chrono::seconds ledger_busy_time_max = 30s;
/// The name of the folder of an account's ledger; eCryptfs, which encrypts homes, has 143 for a name.
inline constexpr std::size_t ledger_folder_octets_max = 143;
/// Messages that a target holds open between two commits, each with a file descriptor; 1024 is the usual limit of a
/// process.
inline constexpr std::size_t uncommitted_messages_max = 128;
/// How long delivery waits for a mail program to let go of an mbox, and after what time a lock file is taken for
/// forgotten; procmail takes 1024 s, mutt 5 minutes.
inline constexpr std::chrono::seconds mbox_lock_time_max = 30s;
inline constexpr std::chrono::minutes mbox_lock_age_max = 10min;
/// A file of another fetcher: 500,000 unique-ids of 128 octets.
inline constexpr std::size_t import_octets_max = 64 * 1024 * 1024;
/// Of the problems in such a file; the others are counted. Nobody reads more.
inline constexpr std::size_t import_problems_max = 100;
/// What is passed on of the output of a delivery program that failed: a few lines.
inline constexpr std::size_t command_output_octets_max = 500;
/// A delivery program that takes longer hangs; Postfix's pipe(8) waits 1000 s, and spam filters need their time.
inline constexpr std::chrono::seconds command_time_max = 10min;
/// One address of a host that has others: a dead IPv6 path must not hold up the IPv4 one (RFC 8305 races them).
inline constexpr std::chrono::seconds connect_address_time_max = 10s;
/// Octets of messages that are asked for and have not come: 1 s of 100 Mbit/s, so that no line stands idle, and what is
/// thrown away when a fetch is stopped is little.
inline constexpr std::uint64_t retrieval_window_octets = std::uint64_t{16} << 20;
/// What has arrived is passed to the target when it is this much; a hop between threads costs 20 us, a message 5 KiB in
/// the median.
inline constexpr std::size_t delivery_buffer_octets = 256 * 1024;
inline constexpr std::size_t delivery_buffer_events = 512;
/// Messages are made durable together, as a batch of an fsync each and one commit of the ledger: below
/// uncommitted_messages_max, and so often that little has to be fetched again after a crash.
inline constexpr std::size_t delivery_batch_messages = 100;
inline constexpr std::uint64_t delivery_batch_octets = std::uint64_t{16} << 20;
inline constexpr std::chrono::seconds delivery_batch_time = 5s;
/// Accounts that are fetched at the same time: more share the same line and the same disk.
inline constexpr std::size_t fetches_at_once_max = 8;
/// What a fetch in a process of its own is told and tells at a time: two secrets, or a report with all its troubles.
inline constexpr std::size_t worker_message_octets_max = std::size_t{2} << 20;
/// Of one text in it: words of a server, with what Fermo says of them.
inline constexpr std::size_t worker_text_octets_max = 4 * 1024;
/// Remarks in a report, of which there are few kinds.
inline constexpr std::size_t worker_remarks_max = 64;
/// How often progress is told: as often as it can be drawn.
inline constexpr std::chrono::milliseconds worker_progress_interval = 50ms;
/// For such a process to end once it has said what came of the fetch: it closes files and goes.
inline constexpr std::chrono::seconds worker_end_time_max = 1min;
/// Sessions of one run with a server that shows only part of the drop at a time: 1,000 times Gmail's 250.
inline constexpr unsigned sessions_of_a_run_max = 1'000;
/// Between two sessions of the daemon. What Thunderbird waits is 10 minutes, getmail's and fetchmail's manuals say 5.
inline constexpr std::chrono::minutes fetch_interval = 5min;
/// Before a fetch that could not be done is tried again: for the first time, and at most. A drop in use is free within
/// minutes (RFC 1939 §3: the autologout timer is 10), a provider that is down for an hour is not helped by more.
inline constexpr std::chrono::seconds fetch_retry_wait_min = 1min;
inline constexpr std::chrono::seconds fetch_retry_wait_max = 1h;
/// After a refused login: providers lock an account after a handful of them in a day.
inline constexpr std::chrono::seconds fetch_login_refused_wait = 12h;
/// How often the daemon looks at the clock though nothing is due: it may have been set, and the machine may have slept.
inline constexpr std::chrono::minutes schedule_look_interval = 1min;
/// What a server may demand by LOGIN-DELAY (RFC 2449 §6.5); the longest known is 15 minutes.
inline constexpr std::chrono::seconds fetch_login_delay_max = 24h;
/// Messages in trouble that are named one by one; the others are counted.
inline constexpr std::size_t message_troubles_max = 100;
/// In the file of accounts: more than any server takes in, and than any drop has held.
inline constexpr std::uint64_t fetch_limit_octets_highest = std::uint64_t{1} << 40;
inline constexpr std::uint64_t fetch_messages_highest = 1'000'000'000;
/// Waiting longer for a server is no patience but a mistake; as --timeout has it.
inline constexpr std::chrono::hours fetch_timeout_highest = 24h;
/// Some providers close drops that nobody has opened for a month.
inline constexpr std::chrono::hours fetch_interval_highest = 24h * 31;
/// Of an account: it stands in lists, logs and the names of files.
inline constexpr std::size_t account_name_octets_max = 200;
/// A command that prints a password or fetches a token: somebody may have to type the passphrase of a key meanwhile.
inline constexpr std::chrono::seconds secret_command_time_max = 2min;
/// A password or token file: tokens have up to 8 KiB.
inline constexpr std::size_t secret_file_octets_max = 64 * 1024;

}  // namespace fermo::limits
