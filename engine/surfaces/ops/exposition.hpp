// A page of metrics in Prometheus' text format.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "relay/meter.hpp"

namespace freellmapi::surfaces {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Families are added one after the other, and values to the newest. Names are the caller's constants; the
/// values of labels may hold anything.
class Page {
 public:
  Page();
  ~Page();
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  void counter(const char* name, const char* help);
  void gauge(const char* name, const char* help);
  void histogram(const char* name, const char* help);

  void value(Labels labels, double value);
  /// Bounds and sum in microseconds; the page has seconds.
  template <std::size_t Bounds>
  void buckets(Labels labels, const std::array<std::uint64_t, Bounds>& bounds,
               const relay::Buckets<Bounds>& counted) {
    buckets(labels, bounds, counted.counts, counted.sum);
  }

  /// Families without a value are left out.
  std::string text() &&;

 private:
  void buckets(Labels labels, std::span<const std::uint64_t> bounds, std::span<const std::uint64_t> counts,
               std::uint64_t sum);
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace freellmapi::surfaces
