#include "config/config.h"
#include "config/keys.h"

namespace fermo::config {
namespace {

/// `text` with "# " before each of its lines, which end in LF.
std::string commented(std::string_view text) {
  std::string comment;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    comment.append("# ").append(text.substr(0, end)).append("\n");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return comment;
}

std::string described(const Key& key, const Config& config) {
  const std::string assignment = std::string(key.name.substr(key.name.rfind('.') + 1)) + " = ";
  const auto written = key.written(config);
  const std::string line =
      written ? assignment + *written + "\n" : commented(assignment + std::string(key.default_text));
  return commented(key.explanation) + line;
}

}  // namespace

std::string describe(const Config& config) {
  std::string text;
  std::string_view table;
  for (const Key& key : keys()) {
    const std::size_t dot = key.name.find('.');
    const std::string_view its_table = dot == std::string_view::npos ? std::string_view() : key.name.substr(0, dot);
    if (!text.empty()) text += "\n";
    if (its_table != table) text.append("[").append(its_table).append("]\n");
    table = its_table;
    text += described(key, config);
  }
  return text;
}

}  // namespace fermo::config
