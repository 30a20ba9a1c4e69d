// The request log as arrivals: for traces and for the forecast.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "sim/arrival.hpp"
#include "store/request_reader.hpp"

namespace freellmapi::cli {

/// Nothing: no decision was recorded with it.
std::optional<sim::Arrival> arrival_of(const store::RequestRow& row);

/// Gives the log's arrivals of that time, oldest first, until `see` says false.
base::Result<void> each_arrival(const std::filesystem::path& database, base::WallTime from,
                                base::WallTime until, const std::function<bool(const sim::Arrival&)>& see);

}  // namespace freellmapi::cli
