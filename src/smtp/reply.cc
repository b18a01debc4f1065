#include "smtp/reply.h"

namespace fermo::smtp {
namespace {

void append_line(std::string& octets, const Reply& reply, char separator, std::string_view subject,
                 std::string_view text) {
  octets += std::to_string(reply.code);
  octets += separator;
  if (!reply.status.empty()) octets.append(reply.status) += ' ';
  if (!subject.empty()) octets.append(subject) += ' ';
  octets.append(text).append("\r\n");
}

}  // namespace

std::string reply_line(const Reply& reply, std::string_view subject) {
  std::string octets;
  append_line(octets, reply, ' ', subject, reply.text);
  return octets;
}

std::string multi_line_reply(const Reply& first_line, std::initializer_list<std::string_view> further_lines) {
  std::string octets;
  append_line(octets, first_line, further_lines.size() == 0 ? ' ' : '-', {}, first_line.text);
  std::size_t left = further_lines.size();
  for (std::string_view text : further_lines) append_line(octets, first_line, --left == 0 ? ' ' : '-', {}, text);
  return octets;
}

}  // namespace fermo::smtp
