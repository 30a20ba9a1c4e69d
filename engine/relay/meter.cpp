#include "relay/meter.hpp"

#include <algorithm>

namespace freellmapi::relay {

namespace {

using Counter = std::atomic<std::uint64_t>;

void add(Counter& counter, std::uint64_t amount) noexcept {
  counter.fetch_add(amount, std::memory_order_relaxed);
}

template <std::size_t Bounds>
struct BucketCells {
  std::array<Counter, Bounds + 1> counts{};
  Counter sum{0};

  void count(const std::array<std::uint64_t, Bounds>& bounds, std::chrono::microseconds took) noexcept {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
    std::size_t at = 0;
    while (at < Bounds && us > bounds[at]) ++at;
    add(counts[at], 1);
    add(sum, us);
  }
  void gather(Buckets<Bounds>& out) const noexcept {
    for (std::size_t i = 0; i <= Bounds; ++i) out.counts[i] += counts[i].load(std::memory_order_relaxed);
    out.sum += sum.load(std::memory_order_relaxed);
  }
};
using WaitCells = BucketCells<wait_bounds.size()>;

RequestEnd ended_of(const Record& record) noexcept {
  if (record.status == 499) return RequestEnd::client_gone;
  if (record.status >= 500) return RequestEnd::failed;
  if (record.status >= 400) return RequestEnd::refused;
  return record.code.empty() ? RequestEnd::answered : RequestEnd::cut;
}

}  // namespace

std::string_view name(RequestEnd ended) noexcept {
  switch (ended) {
    case RequestEnd::answered:
      return "2xx";
    case RequestEnd::cut:
      return "cut";
    case RequestEnd::refused:
      return "4xx";
    case RequestEnd::failed:
      return "5xx";
    case RequestEnd::client_gone:
      return "client_gone";
  }
  return "other";
}

std::string_view attempt_name(std::uint32_t kind) noexcept {
  if (kind == attempt_answered) return "answered";
  if (kind == attempt_left) return "client_gone";
  if (kind == attempt_hedged) return "hedged";
  return ruling_of(kind).name;
}

struct alignas(64) Meter::Cells {
  std::array<std::array<Counter, ended_kinds>, surfaces_most + 1> ended{};
  std::array<WaitCells, surfaces_most + 1> duration{};
  std::array<std::array<Counter, attempt_kinds>, providers_most + 1> attempts{};
  std::array<WaitCells, providers_most + 1> first_token{};
  std::array<std::array<Counter, 2>, models_most + 1> tokens{};
  WaitCells queue{};
  BucketCells<route_bounds.size()> route{};
  Counter continued{0};
};

Meter::Meter(unsigned cores) {
  for (unsigned i = 0; i < std::max(cores, 1U); ++i) cells_.push_back(std::make_unique<Cells>());
  surfaces_.add("http");
}
Meter::~Meter() = default;

CountedAs Meter::learn(const policy::Policy& policy) {
  CountedAs numbers;
  for (const policy::Provider& provider : policy.providers)
    numbers.providers.push_back(providers_.add(provider.id));
  for (const policy::Model& model : policy.models)
    numbers.models.push_back(models_.add(policy.providers[model.provider].id, model.id));
  return numbers;
}

void Meter::request(unsigned core, const Record& record, std::chrono::microseconds total) noexcept {
  Cells& cells = of(core);
  const std::size_t surface = record.surface_number;
  add(cells.ended[surface][static_cast<std::size_t>(ended_of(record))], 1);
  cells.duration[surface].count(wait_bounds, total);
  if (record.first_token) cells.first_token[record.provider_number].count(wait_bounds, *record.first_token);
  if (record.decided) cells.route.count(route_bounds, *record.decided - record.admitted);
}

void Meter::attempt(unsigned core, std::uint32_t provider, std::uint32_t kind) noexcept {
  const std::size_t known = kind < attempt_kinds ? kind : std::size_t{FREELLM_C_UNKNOWN};
  add(of(core).attempts[provider][known], 1);
}

void Meter::tokens(unsigned core, std::uint32_t model, std::uint64_t input, std::uint64_t output) noexcept {
  auto& cells = of(core).tokens[model];
  add(cells[0], input);
  add(cells[1], output);
}

void Meter::waited(unsigned core, std::chrono::microseconds how_long) noexcept {
  of(core).queue.count(wait_bounds, how_long);
}

void Meter::continued(unsigned core) noexcept { add(of(core).continued, 1); }

Meter::Sum Meter::sum() const {
  Sum out;
  for (Places::Name& name : surfaces_.names()) out.surfaces.push_back({std::move(name.first), {}, {}});
  for (Places::Name& name : providers_.names()) out.providers.push_back({std::move(name.first), {}, {}});
  for (Places::Name& name : models_.names())
    out.models.push_back({std::move(name.first), std::move(name.second), 0, 0});
  const auto read = [](const Counter& counter) { return counter.load(std::memory_order_relaxed); };
  for (const auto& cells : cells_) {
    for (std::size_t s = 0; s < out.surfaces.size(); ++s) {
      for (std::size_t i = 0; i < ended_kinds; ++i) out.surfaces[s].ended[i] += read(cells->ended[s][i]);
      cells->duration[s].gather(out.surfaces[s].duration);
    }
    for (std::size_t p = 0; p < out.providers.size(); ++p) {
      for (std::size_t i = 0; i < attempt_kinds; ++i)
        out.providers[p].attempts[i] += read(cells->attempts[p][i]);
      cells->first_token[p].gather(out.providers[p].first_token);
    }
    for (std::size_t m = 0; m < out.models.size(); ++m) {
      out.models[m].input += read(cells->tokens[m][0]);
      out.models[m].output += read(cells->tokens[m][1]);
    }
    cells->queue.gather(out.queue);
    cells->route.gather(out.route);
    out.continued += read(cells->continued);
  }
  return out;
}

}  // namespace freellmapi::relay
