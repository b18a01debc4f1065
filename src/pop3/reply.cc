#include "pop3/reply.h"

#include "base/check.h"

namespace fermo::pop3 {
namespace {

std::string reply(std::string_view status, std::string_view response_code, std::string_view text) {
  FERMO_CHECK(text.find_first_of("\r\n") == std::string_view::npos);
  FERMO_CHECK(!text.starts_with('['));
  std::string line(status);
  if (!response_code.empty()) line.append(" [").append(response_code).append("]");
  if (!text.empty()) line.append(" ").append(text);
  return line.append("\r\n");
}

}  // namespace

std::string ok(std::string_view text) {
  return reply("+OK", {}, text);
}

std::string err(std::string_view text) {
  return reply("-ERR", {}, text);
}

std::string err(std::string_view response_code, std::string_view text) {
  return reply("-ERR", response_code, text);
}

std::string counted(mail::DropListing listing) {
  return std::to_string(listing.messages) + " messages (" + std::to_string(listing.octets.value) + " octets)";
}

std::string empty_challenge() {
  return "+ \r\n";
}

}  // namespace fermo::pop3
