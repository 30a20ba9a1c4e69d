#include "cli/quiet.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace freellmapi::cli {

int refuse(const std::string& sentence) {
  fmt::print(stderr, "freellmapi: {}\n", sentence);
  return 2;
}

void print_faults(const World& world) {
  for (const auto& d : world.diagnostics) fmt::print(stderr, "{}\n", d.text());
}

base::Result<World> usable_world(const Places& places, Quiet& quiet) {
  auto world = read_world(places, quiet.loader);
  if (world && !world->policy) {
    print_faults(*world);
    return base::Error{base::Errc::invalid_argument, world->policy_file.string() + " has errors"};
  }
  if (world) {
    for (const std::string& problem : world->problems) fmt::print(stderr, "freellmapi: {}\n", problem);
  }
  return world;
}

}  // namespace freellmapi::cli
