// Durations of one run and what is said of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace freellmapi::bench {

/// Keeps every sample up to a bound, for exact percentiles.
class Figures {
 public:
  void add(std::uint64_t ns) {
    if (samples_.size() < samples_most)
      samples_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(ns, UINT32_MAX)));
  }
  std::size_t count() const noexcept { return samples_.size(); }

  /// "NAME_p50_us":1.234,... with p50, p90, p99 and the mean; nothing when there are no samples.
  std::string json(const std::string& name) {
    if (samples_.empty()) return {};
    std::sort(samples_.begin(), samples_.end());
    double sum = 0;
    for (const std::uint32_t ns : samples_) sum += ns;
    const auto member = [&name](const char* what, double ns) {
      return ",\"" + name + what + "\":" + std::to_string(ns / 1'000);
    };
    return member("_p50_us", at(0.50)) + member("_p90_us", at(0.90)) + member("_p99_us", at(0.99)) +
           member("_mean_us", sum / static_cast<double>(samples_.size()));
  }

 private:
  static constexpr std::size_t samples_most = 8'000'000;
  double at(double share) const {
    return samples_[static_cast<std::size_t>(share * static_cast<double>(samples_.size() - 1))];
  }

  std::vector<std::uint32_t> samples_;
};

}  // namespace freellmapi::bench
