#include "config/keys.h"

#include <array>
#include <string>

#include "base/limits.h"
#include "config/key_values.h"

namespace fermo::config {
namespace {

constexpr std::uint64_t count(std::chrono::seconds time) {
  return static_cast<std::uint64_t>(time.count());
}

Written written_number(std::uint64_t number) {
  return std::to_string(number);
}

constexpr Range threads_range{0, limits::threads_highest};

constexpr std::array all_keys{
    Key{"data",
        "The folder of the store, the users, the control socket and a self-signed certificate. It is made when there "
        "is\n"
        "none. A relative path, here and below, starts where the server is started.\n",
        "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_path(key, value, reading, reading.config.data);
        },
        [](const Config& config) { return written_text(config.data.string()); }},
    Key{"users",
        "The password file: a line name:{SCHEME}hash for each user, changed by `fermo user` or by hand. Changes count "
        "at\n"
        "once. Default: the file \"users\" in the data folder.\n",
        R"("var/users")",
        [](const Key& key, const Value& value, Reading& reading) {
          read_path(key, value, reading, reading.config.users);
        },
        [](const Config& config) { return written_text(config.users.string()); }},
    Key{"host_name",
        "What this server calls itself in greetings and in the Received field. Default: the name of the machine.\n",
        R"("mail.example.org")", read_host_name, [](const Config& config) { return written_text(config.host_name); }},
    Key{"listen",
        "Where to listen: PROTO=ADDRESS:PORT, PROTO=[IPv6]:PORT or lmtp=unix:PATH, where PROTO is pop3 (with STLS), "
        "pop3s or\n"
        "lmtp. The address is numeric; * is every address of both families. Port 0 is any free port, told in the log.\n"
        "`--listen` on the command line replaces all of these. Default: the three on loopback, unprivileged; [::1] "
        "only\n"
        "where the machine has IPv6.\n",
        "[\n"
        "  \"pop3=127.0.0.1:1110\",\n"
        "  \"pop3=[::1]:1110\",\n"
        "  \"pop3s=127.0.0.1:1995\",\n"
        "  \"pop3s=[::1]:1995\",\n"
        "  \"lmtp=127.0.0.1:1024\",\n"
        "  \"lmtp=[::1]:1024\",\n"
        "]",
        read_listen, written_listen},
    Key{"plaintext_logins",
        "Take passwords from other machines without TLS. Whoever can see the network can then read passwords and mail. "
        "From\n"
        "the same machine they are always taken.\n",
        "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_boolean(key, value, reading, reading.config.plaintext_logins);
        },
        [](const Config& config) { return Written(config.plaintext_logins ? "true" : "false"); }},
    Key{"protection",
        "What becomes of a server whose processes the kernel cannot keep apart, by Landlock and lists of system calls: "
        "with\n"
        "possible it does what can be done and logs a warning, with required it does not start. `fermo doctor` shows "
        "what\n"
        "this kernel can do.\n",
        "", read_protection,
        [](const Config& config) {
          return Written(config.protection == Protection::required ? R"("required")" : R"("possible")");
        }},
    Key{"tls.certificate",
        "The certificate in PEM, with the whole chain, the server's own first. Without it and the key, a self-signed "
        "one is\n"
        "made in the data folder at the first start. Read again at SIGHUP.\n",
        R"("/etc/fermo/certificate.pem")",
        [](const Key& key, const Value& value, Reading& reading) {
          read_path(key, value, reading, reading.config.tls.certificate);
        },
        [](const Config& config) { return written_text(config.tls.certificate.string()); }},
    Key{"tls.key", "The private key in PEM. Nobody but the server's user, or its group, may be able to read it.\n",
        R"("/etc/fermo/key.pem")",
        [](const Key& key, const Value& value, Reading& reading) {
          read_path(key, value, reading, reading.config.tls.key);
        },
        [](const Config& config) { return written_text(config.tls.key.string()); }},
    Key{"logins.guesses_per_address_max",
        "How many logins from one IPv4 address or one IPv6 network of 64 bits may fail in a minute. Further ones are "
        "not\n"
        "looked at and told to wait.\n",
        "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_number(key, value, {1, limits::guesses_max_highest}, reading, reading.config.guesses_per_address_max);
        },
        [](const Config& config) { return written_number(config.guesses_per_address_max); }},
    Key{"logins.guesses_per_account_max",
        "How many logins for one account may fail in a minute, wherever they come from. Addresses from which its "
        "owner\n"
        "has logged in before are let through, and a fifth is kept for networks that have not failed at it lately.\n",
        "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_number(key, value, {1, limits::guesses_max_highest}, reading, reading.config.guesses_per_account_max);
        },
        [](const Config& config) { return written_number(config.guesses_per_account_max); }},
    Key{"logins.exempt_networks",
        "The networks, or single addresses, whose failed logins are not counted: that of a webmail program, say, "
        "behind\n"
        "which all users share one address.\n",
        "[\n  \"192.0.2.10\",\n]",
        [](const Key& key, const Value& value, Reading& reading) {
          read_networks(key, value, reading, reading.config.guess_exempt_networks);
        },
        [](const Config& config) { return written_array(config.guess_exempt_networks); }},
    Key{"lmtp.networks",
        "The networks, or single addresses, that may deliver mail by LMTP over TCP. LMTP knows no password, so an "
        "address\n"
        "beyond loopback is only listened on when this is set. A unix socket has its file permissions instead.\n",
        "[\n  \"127.0.0.0/8\",\n  \"::1/128\",\n]",
        [](const Key& key, const Value& value, Reading& reading) {
          read_networks(key, value, reading, reading.config.lmtp_networks);
        },
        [](const Config& config) { return written_array(config.lmtp_networks); }},
    Key{"limits.message_octets_max", "The largest message that is taken in, in octets (announced as SIZE, RFC 1870).\n",
        "",
        [](const Key& key, const Value& value, Reading& reading) {
          constexpr Range range{limits::message_octets_max_lowest, limits::message_octets_max_highest,
                                "RFC 5321 §4.5.3.1.7; many POP3 clients count in 31 bits"};
          read_number(key, value, range, reading, reading.config.message_octets_max);
        },
        [](const Config& config) { return written_number(config.message_octets_max); }},
    Key{"limits.recipients_max", "The most recipients of one message; at most 3000.\n", "",
        [](const Key& key, const Value& value, Reading& reading) {
          constexpr Range range{limits::recipients_max_lowest, limits::recipients_max_highest,
                                "RFC 5321 §4.5.3.1.8; the store takes no more at once"};
          read_number(key, value, range, reading, reading.config.recipients_max);
        },
        [](const Config& config) { return written_number(config.recipients_max); }},
    Key{"limits.free_octets_min",
        "How much of the disk of the store is kept free, in octets: with less, mail is refused for the time being (452 "
        "4.3.1), so\n"
        "that what is there can still be fetched and deleted. Takes effect after a restart.\n",
        "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_number(key, value, {0, limits::store_free_octets_min_highest}, reading, reading.config.free_octets_min);
        },
        [](const Config& config) { return written_number(config.free_octets_min); }},
    Key{"limits.connections_max",
        "The most connections at once. A further one takes the place of one that has not logged in, the oldest from "
        "the address\n"
        "that has most of those; when all have, it is told so and closed. With fewer open files than that takes "
        "(LimitNOFILE=,\n"
        "ulimit -n), it is as many as are possible, and a warning says so.\n",
        "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_number(key, value, {1, limits::connections_max_highest}, reading, reading.config.connections_max);
        },
        [](const Config& config) { return written_number(config.connections_max); }},
    Key{"limits.connections_per_address_max",
        "The most connections at once from one IPv4 address or one IPv6 network of 64 bits.\n", "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_number(key, value, {1, limits::connections_max_highest}, reading,
                      reading.config.connections_per_address_max);
        },
        [](const Config& config) { return written_number(config.connections_per_address_max); }},
    Key{"limits.autologout_seconds",
        "How long a POP3 session may be silent before it ends without deleting anything. At least 10 minutes.\n", "",
        [](const Key& key, const Value& value, Reading& reading) {
          constexpr Range range{count(limits::pop3_autologout_min), count(limits::pop3_autologout_highest),
                                "RFC 1939 §3"};
          read_seconds(key, value, range, reading, reading.config.autologout);
        },
        [](const Config& config) { return written_number(count(config.autologout)); }},
    Key{"limits.login_seconds_max",
        "How long a POP3 client may take to log in, from its connection on and whatever it says. Less where strangers "
        "hold\n"
        "connections open, more where clients have very slow lines.\n",
        "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_seconds(key, value, {1, count(limits::pop3_autologout_min)}, reading, reading.config.login_time_max);
        },
        [](const Config& config) { return written_number(count(config.login_time_max)); }},
    Key{"limits.drain_seconds_max", "How long sessions may go on after SIGTERM.\n", "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_seconds(key, value, {0, count(limits::drain_time_max_highest)}, reading, reading.config.drain_time_max);
        },
        [](const Config& config) { return written_number(count(config.drain_time_max)); }},
    Key{"threads.protocol", "Threads that serve connections; 0: one for each core.\n", "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_number(key, value, threads_range, reading, reading.config.threads);
        },
        [](const Config& config) { return written_number(config.threads); }},
    Key{"threads.store", "Threads that may wait for the store; 0: four for each core.\n", "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_number(key, value, threads_range, reading, reading.config.store_threads);
        },
        [](const Config& config) { return written_number(config.store_threads); }},
    Key{"threads.hash",
        "Password hashes computed at once; 0: one for each core. Each takes about 20 MB while it lasts.\n", "",
        [](const Key& key, const Value& value, Reading& reading) {
          read_number(key, value, threads_range, reading, reading.config.hash_threads);
        },
        [](const Config& config) { return written_number(config.hash_threads); }},
    Key{"log.level", "What is logged: trace, debug, info, warning or error.\n", "", read_log_level,
        [](const Config& config) { return written_text(config.log_level); }},
    Key{"log.format", "How: text for people, or json, one object a line.\n", "", read_log_format,
        [](const Config& config) { return Written(config.log_format == LogFormat::text ? R"("text")" : R"("json")"); }},
};

}  // namespace

std::span<const Key> keys() {
  return all_keys;
}

}  // namespace fermo::config
