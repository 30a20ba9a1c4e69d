#include "routing/statistics.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <numeric>
#include <span>
#include <unordered_map>

#include "base/ids.hpp"
#include "base/lock.hpp"

namespace freellmapi::routing {

using std::chrono::microseconds;

/// What one request adds. What is zero was not seen.
struct Statistics::Sample {
  float success = 0, failure = 0;
  float first_token = 0;          // microseconds
  float tokens = 0, seconds = 0;  // made, and the time of making them
};

namespace {

// Steps are cheaper than a power for each reading, and nothing changes its mind within two minutes.
constexpr int steps_per_half_life = 16;
constexpr auto step =
    std::chrono::duration_cast<std::chrono::nanoseconds>(Statistics::half_life) / steps_per_half_life;
constexpr std::int64_t forgotten = Statistics::forgotten_after / Statistics::half_life * steps_per_half_life;
constexpr std::array<double, steps_per_half_life> partly{1.0,
                                                         0.957603280698573646936305635147915443,
                                                         0.917004043204671231743541594794144427,
                                                         0.878126080186649741567498044370242124,
                                                         0.840896415253714543031125476233214895,
                                                         0.805245165974627154089760333114423628,
                                                         0.771105412703970411806145931045673673,
                                                         0.738413072969749655693453740187635650,
                                                         0.707106781186547524400844362104849039,
                                                         0.677127773468446364123878068308189213,
                                                         0.648419777325504832966064249299040590,
                                                         0.620928906036742024317317823756389236,
                                                         0.594603557501360533358749985280237958,
                                                         0.569394317378345826851616673379402459,
                                                         0.545253866332628829603510424710598320,
                                                         0.522136891213706877402429217142829346};

// What came before so many requests is outweighed by them, however fresh it is.
constexpr float requests_most = 40, streams_most = 400;
constexpr microseconds longest{std::chrono::minutes{10}};
// A few tokens say nothing of the rate: they come in one piece.
constexpr std::uint64_t tokens_least = 16;
constexpr microseconds making_least{20'000};
constexpr float model_weighs = 4;  // as many requests of the key as outweigh what the model's keys have shown

double kept_after(std::int64_t steps) noexcept {
  if (steps <= 0) return 1.0;
  if (steps >= forgotten) return 0.0;
  return partly[static_cast<std::size_t>(steps % steps_per_half_life)] /
         static_cast<double>(std::uint64_t{1} << static_cast<unsigned>(steps / steps_per_half_life));
}

// Rounded down, also before the machine's start.
std::int64_t step_of(base::Instant now) noexcept {
  const auto since = std::chrono::floor<std::chrono::nanoseconds>(now.time_since_epoch());
  return since / step - (since % step < std::chrono::nanoseconds{0} ? 1 : 0);
}
base::Instant instant_of(std::int64_t at) noexcept { return base::Instant{step * at}; }

std::uint32_t whole(double value) noexcept {
  constexpr double most = 4e9;
  return value > 0 ? static_cast<std::uint32_t>(std::min(value, most) + 0.5) : 0;
}

// Four to the octave, from four milliseconds on.
constexpr std::size_t buckets = 72;
constexpr unsigned lowest_bits = 12, parts_bits = 2;

std::size_t bucket_of(microseconds took) noexcept {
  const auto us = static_cast<std::uint64_t>(std::clamp<std::int64_t>(took.count(), 0, longest.count()));
  const auto bits = static_cast<unsigned>(std::bit_width(us));
  if (bits <= lowest_bits) return 0;
  const std::uint64_t part = (us >> (bits - 1 - parts_bits)) & ((1U << parts_bits) - 1);
  const std::size_t index = (std::size_t{bits - lowest_bits - 1} << parts_bits) + part + 1;
  return std::min(index, buckets - 1);
}
microseconds upper_edge(std::size_t bucket) noexcept {
  if (bucket == 0) return microseconds{1 << lowest_bits};
  const std::size_t octave = (bucket - 1) >> parts_bits, part = (bucket - 1) & ((1U << parts_bits) - 1);
  const std::int64_t base = std::int64_t{1} << (lowest_bits + octave);
  return microseconds{base + ((base * static_cast<std::int64_t>(part + 1)) >> parts_bits)};
}

struct Sums {
  float success = 0, failure = 0;
  float first_tokens = 0, first_token_sum = 0;  // how many, and their sum in microseconds
  float tokens = 0, seconds = 0;

  void scale(float by) noexcept {
    for (float* f : {&success, &failure, &first_tokens, &first_token_sum, &tokens, &seconds}) *f *= by;
  }

  static constexpr std::size_t figures = 6;
  std::array<float, figures> all() const noexcept {
    return {success, failure, first_tokens, first_token_sum, tokens, seconds};
  }
  void take(std::span<const float> all) noexcept {
    success = all[0], failure = all[1], first_tokens = all[2];
    first_token_sum = all[3], tokens = all[4], seconds = all[5];
  }
  bool empty() const noexcept { return success + failure + first_tokens <= 0; }
};

std::uint64_t model_name(const policy::Policy& policy, const policy::Model& model) noexcept {
  return base::fnv1a(model.id, base::fnv1a("/", base::fnv1a(policy.providers[model.provider].id)));
}

}  // namespace

struct alignas(64) Statistics::Meter {
  mutable base::Lock mutex;
  std::int64_t at = 0;
  Sums sums;

  void add(const Sample& sample, std::int64_t now) noexcept {
    const std::lock_guard lock(mutex);
    if (now > at) {
      sums.scale(static_cast<float>(kept_after(now - at)));
      at = now;
    }
    sums.success += sample.success;
    sums.failure += sample.failure;
    if (sample.first_token > 0) {
      sums.first_tokens += 1;
      sums.first_token_sum += sample.first_token;
    }
    sums.tokens += sample.tokens;
    sums.seconds += sample.seconds;
    if (const float requests = sums.success + sums.failure; requests > requests_most)
      sums.scale(requests_most / requests);
  }
  Sums read(std::int64_t now) const noexcept {
    const std::lock_guard lock(mutex);
    Sums out = sums;
    if (now > at) out.scale(static_cast<float>(kept_after(now - at)));
    return out;
  }
};

struct alignas(64) Statistics::Spread {
  mutable base::Lock mutex;
  std::int64_t at = 0;
  float total = 0;
  std::array<float, buckets> counts{};

  void scale(float by) noexcept {
    total *= by;
    for (float& count : counts) count *= by;
  }
};

Statistics::Statistics(const policy::Policy& policy, const Statistics* before) : place_(policy.keys.size()) {
  std::unordered_map<std::uint64_t, std::shared_ptr<Meter>> meters;
  std::unordered_map<std::uint64_t, std::shared_ptr<Spread>> spreads;
  if (before != nullptr) {
    for (std::size_t i = 0; i < before->meters_.size(); ++i)
      meters.emplace(before->names_[i], before->meters_[i]);
    for (std::size_t m = 0; m < before->spreads_.size(); ++m)
      spreads.emplace(before->names_[before->first_[m]], before->spreads_[m]);
  }
  const auto add_meter = [&](std::uint64_t name) {
    auto& known = meters[name];
    if (!known) known = std::make_shared<Meter>();
    names_.push_back(name);
    meters_.push_back(known);
  };
  for (const policy::Provider& provider : policy.providers) {
    for (std::uint32_t i = 0; i < provider.keys.size(); ++i) place_[provider.keys[i]] = i;
  }
  for (const policy::Model& model : policy.models) {
    first_.push_back(static_cast<std::uint32_t>(meters_.size()));
    const std::uint64_t name = model_name(policy, model);
    add_meter(name);
    for (const policy::KeyIndex key : policy.providers[model.provider].keys) {
      const std::uint64_t key_name = policy.keys[key].fingerprint * 0x9E3779B97F4A7C15ULL;
      add_meter((name ^ key_name) * 0xBF58476D1CE4E5B9ULL + 1);
    }
    auto& spread = spreads[name];
    if (!spread) spread = std::make_shared<Spread>();
    spreads_.push_back(spread);
  }
}

Statistics::~Statistics() = default;

Statistics::Meter* Statistics::pair(policy::ModelIndex model, policy::KeyIndex key) const noexcept {
  return key < place_.size() ? meters_[first_[model] + 1 + place_[key]].get() : nullptr;
}

void Statistics::add(policy::ModelIndex model, policy::KeyIndex key, const Sample& sample,
                     base::Instant now) noexcept {
  if (model >= first_.size()) return;
  const std::int64_t at = step_of(now);
  meters_[first_[model]]->add(sample, at);
  if (Meter* const own = pair(model, key)) own->add(sample, at);
}

void Statistics::add_first_token(policy::ModelIndex model, microseconds took, base::Instant now) noexcept {
  if (model >= spreads_.size()) return;
  Spread& spread = *spreads_[model];
  const std::int64_t at = step_of(now);
  const std::lock_guard lock(spread.mutex);
  if (at > spread.at) {
    spread.scale(static_cast<float>(kept_after(at - spread.at)));
    spread.at = at;
  }
  spread.counts[bucket_of(took)] += 1;
  spread.total += 1;
  if (spread.total > streams_most) spread.scale(0.5F);
}

void Statistics::answered(policy::ModelIndex model, policy::KeyIndex key, const Answer& answer,
                          base::Instant now) noexcept {
  Sample sample;
  sample.success = 1;
  const bool says_rate = answer.output_tokens >= tokens_least;
  // A short answer that comes whole comes about when its first token would have.
  if (answer.streamed || !says_rate) {
    const microseconds first = answer.streamed ? answer.first_token : answer.took;
    sample.first_token = static_cast<float>(std::clamp(first, microseconds{1}, longest).count());
  }
  const microseconds making = answer.streamed ? answer.took - answer.first_token : answer.took;
  if (says_rate && making >= making_least) {
    sample.tokens = static_cast<float>(answer.output_tokens);
    sample.seconds = std::chrono::duration<float>(making).count();
  }
  add(model, key, sample, now);
  if (answer.streamed) add_first_token(model, answer.first_token, now);
}

void Statistics::failed(policy::ModelIndex model, policy::KeyIndex key, base::Instant now) noexcept {
  Sample sample;
  sample.failure = 1;
  add(model, key, sample, now);
}

void Statistics::silent(policy::ModelIndex model, policy::KeyIndex key, microseconds waited, bool streamed,
                        base::Instant now) noexcept {
  Sample sample;
  sample.failure = 1;
  sample.first_token = static_cast<float>(std::clamp(waited, microseconds{1}, longest).count());
  add(model, key, sample, now);
  if (streamed) add_first_token(model, waited + waited / 2, now);
}

void Statistics::overtaken(policy::ModelIndex model, policy::KeyIndex key, microseconds waited,
                           base::Instant now) noexcept {
  Sample sample;
  sample.first_token = static_cast<float>(std::clamp(waited, microseconds{1}, longest).count());
  add(model, key, sample, now);
  add_first_token(model, waited + waited / 2, now);
}

Measured Statistics::of(policy::ModelIndex model, policy::KeyIndex key, base::Instant now) const noexcept {
  Measured out;
  if (model >= first_.size()) return out;
  const std::int64_t at = step_of(now);
  const Sums all = meters_[first_[model]]->read(at);
  const Meter* const meter = pair(model, key);
  const Sums own = meter != nullptr ? meter->read(at) : all;
  // The prior of a model is the default's; that of one of its keys is what the model has come to.
  double good = out.successes / 1e3, bad = out.failures / 1e3;
  if (meter != nullptr) {
    const double share = (good + all.success) / (good + bad + all.success + all.failure);
    good = share * model_weighs;
    bad = (1 - share) * model_weighs;
  }
  out.successes = whole((good + own.success) * 1e3);
  out.failures = whole((bad + own.failure) * 1e3);
  out.tries = whole((own.success + own.failure) * 1e3);
  const auto blended = [](double sum, double count, double all_sum, double all_count, double weight) {
    if (all_count <= 0) return 0.0;
    return (sum + weight * all_sum / all_count) / (count + weight);
  };
  constexpr double told = 0.05;  // of a request: what is left of one after two hours is news no more
  if (all.first_tokens > told)
    out.first_token =
        whole(blended(own.first_token_sum, own.first_tokens, all.first_token_sum, all.first_tokens, 1));
  if (all.seconds > 0 && all.success > told)
    out.token_rate = whole(1e3 * blended(own.tokens, own.seconds, all.tokens, all.seconds, 1));
  return out;
}

std::optional<std::chrono::milliseconds> Statistics::first_token_quantile(policy::ModelIndex model,
                                                                          double share,
                                                                          base::Instant now) const noexcept {
  if (model >= spreads_.size()) return std::nullopt;
  const Spread& spread = *spreads_[model];
  const std::lock_guard lock(spread.mutex);
  const double total = spread.total;
  if (total * kept_after(step_of(now) - spread.at) < quantile_needs) return std::nullopt;
  const double wanted = total * std::clamp(share, 0.0, 1.0);
  double seen = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    if (spread.counts[i] <= 0) continue;
    seen += spread.counts[i];
    last = i;
    if (seen >= wanted) break;
  }
  return std::chrono::ceil<std::chrono::milliseconds>(upper_edge(last));
}

std::vector<Statistics::Learned> Statistics::learned(base::Instant after) const {
  std::vector<Learned> out;
  const std::int64_t since = step_of(after);
  for (std::size_t i = 0; i < meters_.size(); ++i) {
    const std::lock_guard lock(meters_[i]->mutex);
    if (meters_[i]->at < since || meters_[i]->sums.empty()) continue;
    const auto figures = meters_[i]->sums.all();
    out.push_back({names_[i], false, instant_of(meters_[i]->at), {figures.begin(), figures.end()}});
  }
  for (std::size_t m = 0; m < spreads_.size(); ++m) {
    const std::lock_guard lock(spreads_[m]->mutex);
    if (spreads_[m]->at < since || spreads_[m]->total <= 0) continue;
    const auto& counts = spreads_[m]->counts;
    out.push_back({names_[first_[m]], true, instant_of(spreads_[m]->at), {counts.begin(), counts.end()}});
  }
  return out;
}

void Statistics::restore(const Learned& before) {
  // More than any part ever holds.
  constexpr float most = 1e12F;
  const auto sound = [](float figure) { return figure >= 0 && figure <= most; };
  if (!std::all_of(before.figures.begin(), before.figures.end(), sound)) return;
  const auto named = std::find(names_.begin(), names_.end(), before.name);
  if (named == names_.end()) return;
  const auto place = static_cast<std::size_t>(named - names_.begin());
  if (!before.spread) {
    Meter& meter = *meters_[place];
    const std::lock_guard lock(meter.mutex);
    if (before.figures.size() != Sums::figures || !meter.sums.empty()) return;
    meter.sums.take(before.figures);
    meter.at = step_of(before.at);
    return;
  }
  const auto model = std::find(first_.begin(), first_.end(), place);
  if (model == first_.end() || before.figures.size() != buckets) return;
  Spread& spread = *spreads_[static_cast<std::size_t>(model - first_.begin())];
  const std::lock_guard lock(spread.mutex);
  if (spread.total > 0) return;
  std::copy(before.figures.begin(), before.figures.end(), spread.counts.begin());
  spread.total = std::accumulate(spread.counts.begin(), spread.counts.end(), 0.0F);
  if (spread.total > streams_most) spread.scale(streams_most / spread.total);
  spread.at = step_of(before.at);
}

}  // namespace freellmapi::routing
