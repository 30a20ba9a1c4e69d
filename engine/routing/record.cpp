#include "routing/record.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <span>

#include "base/text.hpp"
#include "routing/ordering.hpp"

namespace freellmapi::routing {
namespace {

// The first byte. What is changed below changes it: an old record is then refused and never misread.
constexpr unsigned format = 5;
constexpr unsigned format_in_part =
    6;  // the same, of a decision that did not come to look at every candidate
constexpr std::size_t version_digits = 12;
constexpr std::size_t reason_most = 64, name_most = 512;

/// Numbers in seven bits to the byte, the low ones first; words, which are seldom small, in eight bytes. In a
/// room that is asked for, for every request's is written; end() is the last call.
class Writer {
 public:
  static constexpr std::size_t longest = 10;  // bytes of a number

  explicit Writer(std::string& out) : out_(out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  static char* put(char* to, std::uint64_t value) noexcept {
    if (value >= 0x80) return put_long(to, value);
    *to = static_cast<char>(value);
    return to + 1;
  }
  static char* put_word(char* to, std::uint64_t value) noexcept {
    std::memcpy(to, &value, sizeof value);
    return to + sizeof value;
  }
  void numbers(std::initializer_list<std::uint64_t> values) {
    char* to = room(values.size() * longest);
    for (const std::uint64_t value : values) to = put(to, value);
    wrote(to);
  }
  void number(std::uint64_t value) { wrote(put(room(longest), value)); }
  void text(std::string_view value, std::size_t most) {
    value = value.substr(0, most);
    number(value.size());
    if (value.empty()) return;
    if (value.size() > gathered_.size()) {
      end();
      out_ += value;
      return;
    }
    wrote(base::write_text(room(value.size()), value));
  }
  /// Where so many bytes may be written, at most as many as are gathered; wrote() says where they end.
  char* room(std::size_t bytes) {
    if (gathered_.size() - size_ < bytes) end();
    return &gathered_[size_];
  }
  void wrote(const char* to) noexcept { size_ = static_cast<std::size_t>(to - gathered_.data()); }
  void end() {
    out_.append(gathered_.data(), size_);
    size_ = 0;
  }

 private:
  static char* put_long(char* to, std::uint64_t value) noexcept {
    for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
    *to = static_cast<char>(value);
    return to + 1;
  }

  std::string& out_;
  std::size_t size_ = 0;
  std::array<char, 256> gathered_;
};

/// An index, or none.
std::uint64_t place(std::uint32_t index) noexcept {
  return index == policy::none ? 0 : std::uint64_t{index} + 1;
}
std::uint64_t folded(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

void write_measured(Writer& w, const Measured& m) {
  w.numbers({m.successes, m.failures, m.tries, m.first_token, m.token_rate, m.headroom});
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return rest_.empty(); }
  unsigned byte() {
    if (rest_.empty()) {
      failed_ = true;
      return 0;
    }
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned part = byte();
      value |= std::uint64_t{part & 0x7FU} << shift;
      if ((part & 0x80U) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  std::uint64_t word() {
    std::uint64_t value = 0;
    if (rest_.size() < sizeof value) {
      failed_ = true;
      return 0;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  std::uint32_t place() {
    const std::uint64_t value = number();
    if (value > policy::none) failed_ = true;
    return value == 0 ? policy::none : static_cast<std::uint32_t>(value - 1);
  }
  /// At most `most`, else it is no record.
  std::size_t count(std::size_t most) {
    const std::uint64_t value = number();
    if (value > most) failed_ = true;
    return failed_ ? 0 : static_cast<std::size_t>(value);
  }
  std::string text(std::size_t most) {
    const std::size_t size = count(most);
    if (size > rest_.size()) failed_ = true;
    if (failed_) return {};
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Measured read_measured(Reader& r) {
  Measured m;
  for (std::uint32_t* n : {&m.successes, &m.failures, &m.tries, &m.first_token, &m.token_rate, &m.headroom})
    *n = static_cast<std::uint32_t>(r.number());
  return m;
}

enum Flag : unsigned {
  tools = 1,
  images = 2,
  json_object = 4,
  json_schema = 8,
  stream = 16,
};

bool counts(Gate gate) noexcept { return gate == Gate::quota_full || gate == Gate::quota_never; }
bool comes_back(Gate gate) noexcept { return gate == Gate::quota_full || gate == Gate::benched; }

void write_rule(Writer& w, const policy::Policy& policy, const Considered& c) {
  const policy::Model& model = policy.models[c.candidate.model];
  const auto find = [&](const std::vector<policy::Rule>& rules, std::uint64_t of_provider) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (&rules[i] != c.rule) continue;
      w.number(1 + 2 * i + of_provider);
      return true;
    }
    return false;
  };
  if (!find(model.quota, 0) && !find(policy.providers[model.provider].quota, 1)) w.number(0);
}

std::uint64_t flags_of(const Features& f) noexcept {
  return (f.tools ? Flag::tools : 0U) | (f.images ? Flag::images : 0U) |
         (f.json_object ? Flag::json_object : 0U) | (f.json_schema ? Flag::json_schema : 0U) |
         (f.stream ? Flag::stream : 0U);
}

Features read_features(Reader& r) {
  Features f;
  f.kind = static_cast<policy::Kind>(std::min(r.byte(), 3U));
  const unsigned flags = r.byte();
  f.tools = (flags & Flag::tools) != 0;
  f.images = (flags & Flag::images) != 0;
  f.json_object = (flags & Flag::json_object) != 0;
  f.json_schema = (flags & Flag::json_schema) != 0;
  f.stream = (flags & Flag::stream) != 0;
  f.input_tokens = r.number();
  f.input_cell = static_cast<std::uint8_t>(r.byte());
  f.output_tokens = r.number();
  return f;
}

Target read_target(Reader& r) {
  Target target;
  target.chain = r.place();
  target.strategy = static_cast<policy::Strategy>(std::min(r.byte(), 5U));
  const std::size_t models = r.count(record_candidates_most);
  for (std::size_t i = 0; i < models && !r.failed(); ++i)
    target.models.push_back(static_cast<policy::ModelIndex>(r.number()));
  target.passed_model = r.text(name_most);
  return target;
}

void write_candidates(Writer& w, const Inputs& in, const Decision& decision, std::size_t shown) {
  const policy::Policy& policy = in.plan->policy();
  const std::int64_t at = in.now.wall.time_since_epoch().count();
  constexpr std::size_t numbered_most = 15;
  boost::container::small_vector<std::string_view, 4> reasons;  // said before: their number stands for them
  for (std::size_t i = 0; i < shown; ++i) {
    const Considered& c = decision.considered[i];
    char* to = w.room(4 * Writer::longest);
    to = Writer::put(to, static_cast<std::uint64_t>(c.gate));
    to = Writer::put(to, c.candidate.model);
    to = Writer::put(to, place(c.candidate.key));
    w.wrote(Writer::put(to, static_cast<std::uint64_t>(c.candidate.wait.count())));
    if (in.target->strategy == policy::Strategy::expiring && c.gate == Gate::passed) w.number(c.pressure);
    if (!decision.terms.empty() && c.gate == Gate::passed) write_measured(w, decision.terms[i].measured);
    if (counts(c.gate)) {
      write_rule(w, policy, c);
      w.numbers({c.used, c.reserved, c.limit});
    }
    if (comes_back(c.gate)) w.number(folded(c.free_at.time_since_epoch().count() - at));
    if (c.gate != Gate::benched) continue;
    const auto said = std::find(reasons.begin(), reasons.end(), c.reason);
    if (said != reasons.end()) {
      w.number(static_cast<std::uint64_t>(said - reasons.begin()) + 1);
      continue;
    }
    w.number(0);
    w.text(c.reason, reason_most);
    if (reasons.size() < numbered_most) reasons.push_back(c.reason);
  }
}

void read_candidates(Reader& r, Recorded& out) {
  std::vector<std::string> reasons;
  const std::size_t shown = r.count(record_candidates_most);
  for (std::size_t i = 0; i < shown && !r.failed(); ++i) {
    Recorded::Entry e;
    e.gate = static_cast<Gate>(std::min(r.byte(), static_cast<unsigned>(Gate::benched)));
    e.candidate.model = static_cast<policy::ModelIndex>(r.number());
    e.candidate.key = r.place();
    e.candidate.wait = std::chrono::milliseconds{r.number()};
    if (out.target.strategy == policy::Strategy::expiring && e.gate == Gate::passed) e.pressure = r.number();
    if (weights_of(out.target.strategy) && e.gate == Gate::passed) e.measured = read_measured(r);
    if (counts(e.gate)) {
      if (const std::uint64_t rule = r.number(); rule > 0)
        e.rule = {((rule - 1) & 1) != 0, static_cast<std::uint32_t>((rule - 1) / 2)};
      e.used = r.number();
      e.reserved = r.number();
      e.limit = r.number();
    }
    if (comes_back(e.gate)) e.free_at = out.at + std::chrono::milliseconds{r.signed_number()};
    if (e.gate == Gate::benched) {
      const unsigned said = r.byte();
      if (said == 0) reasons.push_back(r.text(reason_most));
      const std::size_t place = said == 0 ? reasons.size() : said;
      if (place <= reasons.size()) e.reason = reasons[place - 1];
    }
    out.considered.push_back(std::move(e));
  }
}

/// A policy that nobody has bound: deciding by a record needs no windows.
class Unbound final : public quota::Plan {
 public:
  explicit Unbound(std::shared_ptr<const policy::Policy> policy) : Plan(std::move(policy)) {}
};

class RecordedVerdicts final : public Verdicts {
 public:
  RecordedVerdicts(const Recorded& recorded, const policy::Policy& policy)
      : recorded_(recorded), policy_(policy) {}
  quota::Verdict of(const Candidate& candidate, const quota::Need&) const override {
    const Recorded::Entry* const found = entry(candidate);
    quota::Verdict verdict;
    if (found == nullptr) return verdict;
    if (found->gate == Gate::quota_full) verdict.state = quota::Verdict::State::full;
    if (found->gate == Gate::quota_never) verdict.state = quota::Verdict::State::never;
    if (found->gate == Gate::benched) verdict.state = quota::Verdict::State::benched;
    verdict.rule = rule_of(policy_, *found);
    verdict.free_at = found->free_at;
    verdict.reason = found->reason;
    verdict.used = found->used;
    verdict.reserved = found->reserved;
    verdict.limit = found->limit;
    verdict.pressure = found->pressure;
    return verdict;
  }
  Measured measured(const Candidate& candidate) const override {
    const Recorded::Entry* const found = entry(candidate);
    return found != nullptr && found->measured ? *found->measured : Measured{};
  }

 private:
  const Recorded::Entry* entry(const Candidate& candidate) const {
    const auto found = std::ranges::find_if(recorded_.considered, [&](const Recorded::Entry& e) {
      return e.candidate.model == candidate.model && e.candidate.key == candidate.key;
    });
    return found == recorded_.considered.end() ? nullptr : &*found;
  }

  const Recorded& recorded_;
  const policy::Policy& policy_;
};

std::string name_of(const policy::Policy& policy, const Candidate& c) {
  if (c.model >= policy.models.size()) return "a model it does not have";
  const policy::Model& model = policy.models[c.model];
  std::string out = policy.providers[model.provider].id + "/" + model.id;
  if (c.key < policy.keys.size()) out += " " + policy.keys[c.key].label;
  return out;
}

std::string difference(const Recorded& recorded, const Decision& again, const policy::Policy& policy) {
  if (recorded.considered.size() != again.considered.size()) return "it considered other candidates";
  for (std::size_t i = 0; i < again.considered.size(); ++i) {
    const Recorded::Entry& then = recorded.considered[i];
    const Considered& now = again.considered[i];
    if (then.candidate.model != now.candidate.model || then.candidate.key != now.candidate.key)
      return "candidate " + std::to_string(i + 1) + " was " + name_of(policy, then.candidate) + " and is " +
             name_of(policy, now.candidate);
    if (then.gate != now.gate)
      return name_of(policy, then.candidate) + " was " + std::string(name(then.gate)) + " and is " +
             std::string(name(now.gate));
  }
  if (!std::ranges::equal(recorded.order, again.order))
    return "the order of those that passed is another one";
  return {};
}

}  // namespace

void write_record(const Inputs& in, const Decision& decision, std::string& out) {
  const policy::Policy& policy = in.plan->policy();
  const Features& f = in.features;
  const Target& target = *in.target;
  quota::Need need;
  if (!decision.order.empty())
    need = need_in(in, decision, decision.considered[decision.order.front()].candidate.model);
  const std::size_t models = std::min(target.models.size(), record_candidates_most);
  const std::size_t shown = std::min(decision.considered.size(), record_candidates_most);
  Writer w(out);
  char* to = w.room(3 * sizeof(std::uint64_t) + 10 * Writer::longest + version_digits);
  to = Writer::put(to, decision.whole() ? format : format_in_part);
  const std::string_view version = std::string_view(policy.version).substr(0, version_digits);
  to = base::write_text(Writer::put(to, version.size()), version);
  to = Writer::put_word(to, static_cast<std::uint64_t>(in.now.wall.time_since_epoch().count()));
  to = Writer::put_word(to, in.seed);
  to = Writer::put_word(to, f.session);
  to = Writer::put(to, static_cast<std::uint64_t>(f.kind));
  to = Writer::put(to, flags_of(f));
  to = Writer::put(to, f.input_tokens);
  to = Writer::put(to, f.input_cell);
  to = Writer::put(to, f.output_tokens);
  to = Writer::put(to, place(target.chain));
  to = Writer::put(to, static_cast<std::uint64_t>(target.strategy));
  to = Writer::put(to, models);
  w.wrote(to);
  for (std::size_t i = 0; i < models; ++i) w.number(target.models[i]);
  w.text(target.passed_model, name_most);
  to = w.room(6 * Writer::longest);
  to = Writer::put(to, place(in.pinned.model));
  to = Writer::put(to, place(in.pinned.key));
  to = Writer::put(to, need.input_tokens);
  to = Writer::put(to, need.output_tokens);
  to = Writer::put(to, need.own_units);
  w.wrote(Writer::put(to, shown));
  write_candidates(w, in, decision, shown);
  const std::size_t ranked = std::min(decision.order.size(), shown);
  w.number(ranked);
  for (std::size_t i = 0; i < ranked; ++i) w.number(decision.order[i]);
  w.end();
}

base::Result<Recorded> read_record(std::string_view bytes) {
  const base::Error foreign{base::Errc::invalid_argument,
                            "the record of this decision is damaged, or of another version of this program"};
  Reader r(bytes);
  const unsigned said = r.byte();
  if (said != format && said != format_in_part) return foreign;
  Recorded out;
  out.whole = said == format;
  out.policy_version = r.text(version_digits);
  out.at = base::WallTime{std::chrono::milliseconds{r.word()}};
  out.seed = r.word();
  const std::uint64_t session = r.word();
  out.features = read_features(r);
  out.features.session = session;
  out.target = read_target(r);
  out.pinned.model = r.place();
  out.pinned.key = r.place();
  out.need = {r.number(), r.number(), r.number()};
  read_candidates(r, out);
  const std::size_t ranked = r.count(record_candidates_most);
  for (std::size_t i = 0; i < ranked && !r.failed(); ++i) {
    const std::uint64_t index = r.number();
    if (index >= out.considered.size()) return foreign;
    out.order.push_back(static_cast<std::uint32_t>(index));
  }
  if (r.failed() || !r.at_end()) return foreign;
  return out;
}

const policy::Rule* rule_of(const policy::Policy& policy, const Recorded::Entry& entry) noexcept {
  if (!entry.rule || entry.candidate.model >= policy.models.size()) return nullptr;
  const policy::Model& model = policy.models[entry.candidate.model];
  const auto& rules = entry.rule->of_provider ? policy.providers[model.provider].quota : model.quota;
  return entry.rule->index < rules.size() ? &rules[entry.rule->index] : nullptr;
}

Replay replay(const Recorded& recorded, std::shared_ptr<const policy::Policy> policy) {
  if (policy->version != recorded.policy_version)
    return {false,
            "it was made under policy " + recorded.policy_version + ", and this one is " + policy->version,
            {},
            {}};
  const Unbound plan(policy);
  const RecordedVerdicts verdicts(recorded, *policy);
  Inputs inputs;
  inputs.plan = &plan;
  inputs.target = &recorded.target;
  inputs.features = recorded.features;
  inputs.now.wall = recorded.at;
  inputs.seed = recorded.seed;
  inputs.pinned = recorded.pinned;
  inputs.verdicts = &verdicts;
  // Where enough could serve it ended with the last of them, or with the pinned one behind it.
  const auto passed = std::ranges::count(recorded.considered, Gate::passed, &Recorded::Entry::gate);
  if (!recorded.whole) inputs.enough = static_cast<unsigned>(passed);
  Decision again;
  decide(inputs, again);
  std::string what = difference(recorded, again, *policy);
  Replay out{what.empty(), std::move(what), std::move(again.terms), {}};
  if (!out.same) return out;
  const std::size_t looked_at = again.considered.size();
  decide_rest(inputs, again);
  for (std::size_t i = looked_at; i < again.considered.size(); ++i) out.behind.push_back(again.considered[i]);
  return out;
}

}  // namespace freellmapi::routing
