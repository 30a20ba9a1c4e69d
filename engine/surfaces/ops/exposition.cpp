#include "surfaces/ops/exposition.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <vector>

namespace freellmapi::surfaces {

namespace {
constexpr double second = 1e6;  // in microseconds
}

struct Page::Families {
  std::vector<prometheus::MetricFamily> all;

  void begin(const char* name, const char* help, prometheus::MetricType type) {
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    all.push_back(std::move(family));
  }

  prometheus::ClientMetric& add(Labels labels) {
    prometheus::ClientMetric& metric = all.back().metric.emplace_back();
    metric.label.reserve(labels.size());
    for (const auto& [name, value] : labels) {
      prometheus::ClientMetric::Label label;
      label.name = name;
      label.value = value;
      metric.label.push_back(std::move(label));
    }
    return metric;
  }
};

Page::Page() : families_(std::make_unique<Families>()) {}
Page::~Page() = default;

void Page::counter(const char* name, const char* help) {
  families_->begin(name, help, prometheus::MetricType::Counter);
}
void Page::gauge(const char* name, const char* help) {
  families_->begin(name, help, prometheus::MetricType::Gauge);
}
void Page::histogram(const char* name, const char* help) {
  families_->begin(name, help, prometheus::MetricType::Histogram);
}

void Page::value(Labels labels, double value) {
  prometheus::ClientMetric& metric = families_->add(labels);
  if (families_->all.back().type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void Page::buckets(Labels labels, std::span<const std::uint64_t> bounds,
                   std::span<const std::uint64_t> counts, std::uint64_t sum) {
  prometheus::ClientMetric::Histogram& histogram = families_->add(labels).histogram;
  histogram.sample_sum = static_cast<double>(sum) / second;
  histogram.bucket.reserve(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    histogram.sample_count += counts[i];
    prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = histogram.sample_count;
    bucket.upper_bound =
        i < bounds.size() ? static_cast<double>(bounds[i]) / second : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back(bucket);
  }
}

std::string Page::text() && {
  std::erase_if(families_->all, [](const auto& family) { return family.metric.empty(); });
  const prometheus::TextSerializer serializer;
  return static_cast<const prometheus::Serializer&>(serializer).Serialize(families_->all);
}

}  // namespace freellmapi::surfaces
