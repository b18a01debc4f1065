#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "auth/local_directory.h"
#include "auth/password_file.h"
#include "base/clock.h"
#include "base/failure.h"
#include "base/limits.h"
#include "base/random.h"
#include "fermo/addressee.h"
#include "fermo/commands.h"
#include "fermo/common_options.h"
#include "fermo/data_folder.h"
#include "fermo/json.h"
#include "fermo/store_access.h"
#include "fermo/table.h"
#include "mail/address.h"
#include "mail/trace_fields.h"
#include "mail/unique_id.h"
#include "mail/wire_message.h"

namespace fermo::commands {
namespace {

struct DeliverOptions {
  CommonOptions common;
  std::vector<std::string> names;
  bool trace = false;
  std::string from;
};

// --- Who it is for ---------------------------------------------------------------------------------------------------

Outcome<std::vector<Addressee>> find_addressees(const DeliverOptions& options, const config::Config& config,
                                                const Console& console) {
  if (options.names.size() > config.recipients_max || options.names.size() > limits::store_ipc_recipients_max) {
    console.complain(
        "that are more recipients than one message may have (limits.recipients_max); call it several times");
    return ExitCode::usage;
  }
  auth::PasswordFile users(config.users);
  auth::LocalDirectory directory(users);
  std::vector<Addressee> addressees;
  ExitCode code = ExitCode::ok;
  for (const auto& name : options.names) {
    auto addressee = find_addressee(directory, name, console);
    addressee ? addressees.push_back(std::move(*addressee)) : void(code = addressee.error());
  }
  if (code != ExitCode::ok) {
    console.complain("nothing was delivered");
    return code;
  }
  return addressees;
}

/// The reverse-path: nothing for the null one.
Outcome<std::optional<mail::Address>> reverse_path(const DeliverOptions& options, const Console& console) {
  std::optional<mail::Address> path;
  if (options.from.empty() || options.from == "<>") return path;
  path = mail::parse_address(options.from, true);
  if (path) return path;
  console.complain("«" + printable(options.from) +
                   "» after --from is not an address; give local@domain, or <> for none");
  return ExitCode::usage;
}

std::string transaction_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (std::uint64_t rest = random_u64(), i = 0; i < 16; ++i, rest >>= 4) id.push_back(digits[rest & 0xf]);
  return id;
}

std::vector<maildrop::Recipient> recipients_of(const std::vector<Addressee>& addressees, const DeliverOptions& options,
                                               const std::optional<mail::Address>& from, const config::Config& config,
                                               Timestamp now) {
  const std::string id = transaction_id();
  std::vector<maildrop::Recipient> recipients;
  for (const auto& addressee : addressees) {
    std::string fields;
    if (options.trace) {
      fields = mail::trace_fields({from, addressee.address, "", "", config.host_name, "local", id, now});
    }
    recipients.push_back({addressee.account.drop, std::move(fields), std::nullopt});
  }
  return recipients;
}

// --- The message -----------------------------------------------------------------------------------------------------

/// Hands all of `wire` on, in pieces that a store takes.
Result<void> append(maildrop::Delivery& delivery, std::string& wire) {
  for (std::string_view rest = wire; !rest.empty();) {
    const auto piece = rest.substr(0, limits::message_piece_octets_max);
    if (const auto appended = delivery.append(piece); !appended) return appended;
    rest.remove_prefix(piece.size());
  }
  wire.clear();
  return {};
}

/// Copies standard input into the delivery; what is wrong is printed.
Outcome<mail::WireSummary> take_in(maildrop::Delivery& delivery, const config::Config& config, const Console& console) {
  mail::WireEncoder encoder(mail::WireEncoder::BareLf::to_crlf);
  std::string wire;
  std::string read(limits::message_piece_octets_max / 2, '\0');
  while (console.in.read(read.data(), static_cast<std::streamsize>(read.size())) || console.in.gcount() > 0) {
    encoder.encode(std::string_view(read).substr(0, static_cast<std::size_t>(console.in.gcount())), wire);
    if (encoder.octets().value > config.message_octets_max) {
      console.complain("the message is longer than limits.message_octets_max allows (" +
                       std::to_string(config.message_octets_max) + " octets); nothing was delivered");
      return ExitCode::data_error;
    }
    if (const auto appended = append(delivery, wire); !appended) {
      return complain_of_store(console, "nothing was delivered", appended.error());
    }
  }
  if (console.in.bad()) {
    console.complain("cannot read the message from standard input; nothing was delivered");
    return ExitCode::io_error;
  }
  const auto summary = encoder.finish(wire);
  if (const auto appended = append(delivery, wire); !appended) {
    return complain_of_store(console, "nothing was delivered", appended.error());
  }
  return summary;
}

void report(const std::vector<Addressee>& addressees, const std::vector<mail::UniqueId>& unique_ids,
            const mail::WireSummary& summary, const Console& console) {
  auto delivered = nlohmann::json::array();
  for (std::size_t i = 0; i < addressees.size(); ++i) {
    delivered.push_back({{"name", addressees[i].name},
                         {"drop", addressees[i].account.drop.text()},
                         {"unique_id", unique_ids.at(i).text()}});
  }
  print_json(console.out, {{"octets", summary.octets.value}, {"delivered", std::move(delivered)}});
}

ExitCode deliver_to(const std::vector<Addressee>& addressees, const DeliverOptions& options,
                    const std::optional<mail::Address>& from, const config::Config& config, const Console& console) {
  // A message may take its time to arrive on standard input; the store is not held for nothing while it does.
  console.in.peek();
  const auto store = StoreAccess::open(config, console);
  if (!store) return store.error();
  const auto delivery = (*store)->begin_delivery();
  if (!delivery) return complain_of_store(console, "nothing was delivered", delivery.error());
  const auto summary = take_in(**delivery, config, console);
  if (!summary) return summary.error();
  const Timestamp now = SystemClock().now();
  const auto unique_ids = (*delivery)->finish(*summary, recipients_of(addressees, options, from, config, now), now);
  if (!unique_ids) {
    const bool unknown = unique_ids.error() == Failure::unknown;
    const char* const what = unknown ? "it is not known whether the message was delivered" : "nothing was delivered";
    return complain_of_store(console, what, unique_ids.error());
  }
  if (options.common.json) report(addressees, *unique_ids, *summary, console);
  return ExitCode::ok;
}

ExitCode deliver(const DeliverOptions& options, const Console& console) {
  const auto from = reverse_path(options, console);
  if (!from) return from.error();
  const auto config = load_config(options.common, console);
  if (!config) return config.error();
  if (const auto there = require_data_folder(config->data, console); !there) return there.error();
  if (const auto became = become_owner_of(config->data, console); !became) return became.error();
  const auto addressees = find_addressees(options, *config, console);
  if (!addressees) return addressees.error();
  return deliver_to(*addressees, options, *from, *config, console);
}

}  // namespace

void add_deliver(CLI::App& program, Invocation& invocation) {
  CLI::App& app = *program.add_subcommand("deliver", "Put the message on standard input into maildrops");
  auto options = std::make_shared<DeliverOptions>();
  app.add_option("NAME", options->names, "Users or addresses to deliver to, all or none")
      ->required()
      ->option_text("...");
  CLI::Option* const trace =
      app.add_flag("--trace", options->trace, "Put Return-Path, Delivered-To and Received before the message");
  app.add_option("--from", options->from, "The reverse-path for Return-Path (default: <>)")
      ->type_name("ADDR")
      ->needs(trace);
  options->common.add_to(app);
  runs(app, invocation, std::move(options), deliver);
}

}  // namespace fermo::commands
