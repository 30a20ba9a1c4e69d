#include "cli/quiet.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.hpp"

namespace freellmapi::cli {

namespace {
constexpr std::size_t line_most = 8192;
}

std::string harmless_lines(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t end = text.find('\n');
    base::append_printable(out, text.substr(0, end), line_most);
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

int refuse(const std::string& sentence) {
  fmt::print(stderr, "freellmapi: {}\n", base::printable(sentence, line_most));
  return 2;
}

int refuse(const base::Error& error) {
  fmt::print(stderr, "freellmapi: {}\n", harmless_lines(error.text()));
  return error.code == base::Errc::invalid_argument ? 2 : 1;
}

void print_faults(const World& world) {
  for (const auto& d : world.diagnostics) fmt::print(stderr, "{}\n", harmless_lines(d.text()));
}

base::Result<World> usable_world(const Places& places, Quiet& quiet) {
  auto world = read_world(places, quiet.loader);
  if (world && !world->policy) {
    print_faults(*world);
    return base::Error{base::Errc::invalid_argument, world->policy_file.string() + " has errors"};
  }
  if (world) {
    for (const std::string& problem : world->problems) refuse(problem);
  }
  return world;
}

}  // namespace freellmapi::cli
