#include "cli/log_arrivals.hpp"

#include "sim/trace.hpp"

namespace freellmapi::cli {

std::optional<sim::Arrival> arrival_of(const store::RequestRow& row) {
  const auto recorded = routing::read_record(row.decision);
  if (!recorded) return std::nullopt;
  sim::Arrival out = sim::arrival_of(*recorded, row.asked);
  out.input = row.input_tokens;
  out.output = row.output_tokens;
  out.took = std::chrono::duration_cast<std::chrono::milliseconds>(row.at - recorded->at);
  if (out.took < std::chrono::milliseconds{1}) out.took = std::chrono::milliseconds{1};
  if (row.status == 200 && !row.provider.empty())
    out.route = std::string(row.provider) + "/" + std::string(row.model);
  return out;
}

base::Result<void> each_arrival(const std::filesystem::path& database, base::WallTime from,
                                base::WallTime until, const std::function<bool(const sim::Arrival&)>& see) {
  const auto reader = store::RequestReader::open(database);
  if (!reader) return reader.error();
  return (*reader)->between(from, until, [&](const store::RequestRow& row) {
    const auto arrival = arrival_of(row);
    return !arrival || see(*arrival);
  });
}

}  // namespace freellmapi::cli
