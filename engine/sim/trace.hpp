// Requests that were made, as lines of JSON: {"at", "model", "input", "output", ...}.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "routing/record.hpp"
#include "sim/arrival.hpp"

namespace freellmapi::sim {

/// One line, without its end. What a later reader does not know it leaves out.
std::string trace_line(const Arrival& arrival);
/// Of a request of the log. `recorded`: its decision; `took`: from its head to the answer's end.
Arrival arrival_of(const routing::Recorded& recorded, std::string_view asked);

/// Reads lines until `line` gives none. Lines must be in the order of their times. `done` tells how much of
/// the file has been read.
class TraceArrivals final : public Arrivals {
 public:
  TraceArrivals(std::string file, std::function<std::optional<std::string>()> line,
                std::function<double()> done);
  ~TraceArrivals() override;
  base::Result<std::optional<Arrival>> next() override;
  double done() const noexcept override;

 private:
  struct Parser;
  const std::string file_;
  const std::function<std::optional<std::string>()> line_;
  const std::function<double()> done_;
  const std::unique_ptr<Parser> parser_;
  std::uint64_t number_ = 0;
  base::WallTime last_{};
};

}  // namespace freellmapi::sim
