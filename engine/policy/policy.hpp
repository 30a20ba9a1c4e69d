// The compiled policy: what policy.yaml, the plugins' manifests and the environment come to. Immutable;
// requests hold it through a shared_ptr and finish on the one they began with.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/secret.hpp"

namespace freellmapi::policy {

using ProviderIndex = std::uint32_t;
using ModelIndex = std::uint32_t;
using KeyIndex = std::uint32_t;
using ChainIndex = std::uint32_t;
inline constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

// ---- quota rules
// ---------------------------------------------------------------------------------------------------

enum class Unit { requests, tokens, input_tokens, output_tokens, concurrency, own };
enum class Reset { rolling, wall_clock, token_bucket, first_use };
enum class Scope { key, account, ip, model, pool };
enum class Per { second, minute, hour, day, week, month, rolling };  ///< rolling: any length, "rolling 5h"

/// One limit. `account` and `ip` rules count over all keys of the provider, `key` rules per key, `model`
/// rules over all keys for that model, `pool` rules over everything that names the pool. A rule of a model
/// counts that model's requests alone (per key, account, ... as the scope says).
struct Rule {
  std::uint64_t limit = 0;  ///< as written
  Unit of = Unit::requests;
  std::string own_unit;  ///< for Unit::own: neurons, credits, pollen
  Per per = Per::day;
  std::chrono::seconds length{0};  ///< of the window; a month's is nominal (30 days); 0 for concurrency
  Scope scope = Scope::key;
  Reset reset = Reset::rolling;
  std::string zone;            ///< for wall_clock: an IANA name, "UTC"
  std::chrono::minutes at{0};  ///< for wall_clock: minutes after local midnight
  std::string pool;
  std::string label;   ///< for people: "30 requests per minute"
  std::string source;  ///< where the figure was read: a URL, "measured", "policy"; empty: not said
  std::string as_of;   ///< when: YYYY-MM-DD; empty: not said
  /// A catalogue's figure, which the provider knows better. A limit of the user's own is never lifted.
  bool liftable = false;

  /// A provider's own unit is counted in thousandths, everything else as it is.
  std::uint64_t parts() const noexcept { return of == Unit::own ? 1'000 : 1; }
  std::uint64_t counted_limit() const noexcept { return limit * parts(); }
};

// ---- providers, models, keys
// ----------------------------------------------------------------------------------------

enum class Kind { chat, embedding, image, speech };
enum class Json { text, object, schema };  ///< text: no JSON mode
/// As they are written in policy.yaml.
std::string_view name(Kind kind) noexcept;
std::string_view name(Json mode) noexcept;

/// What a call costs in the provider's own unit, in thousandths of it.
struct Price {
  std::uint64_t per_request = 0;
  std::uint64_t per_million_input = 0, per_million_output = 0;  ///< tokens
  /// Of so many tokens, rounded up.
  std::uint64_t of(std::uint64_t input, std::uint64_t output) const noexcept;
};

struct Model {
  // What every decision looks at, in one line of the cache.
  ProviderIndex provider = none;
  Kind kind = Kind::chat;
  Json json = Json::text;
  bool enabled = true, tools = false, vision = false, reasoning = false, prefill = false;
  bool reasoning_back = false;   ///< in a loop of tools it takes its own earlier reasoning back
  std::uint64_t context = 0;     ///< tokens; 0 unknown
  std::uint64_t max_output = 0;  ///< tokens; 0 unknown
  std::uint64_t tokenizer = 0;   ///< models that count tokens alike share it; 0: not known
  std::string id;                ///< the provider's own name

  std::optional<Price> price;
  std::string name;             ///< for people
  std::string family;           ///< the same model at several providers; lower case
  std::uint64_t max_input = 0;  ///< tokens of one input, of embedding models; 0 unknown
  std::uint64_t dims = 0;       ///< of an embedding; 0 unknown
  unsigned rank = 1000;         ///< intelligence, 1 is best
  unsigned speed = 1000;        ///< 1 is fastest
  std::string tier;             ///< frontier, large, medium, small, or nothing
  std::string why_off;          ///< with the date, where one is known: "retired (since 2026-08-01)"
  std::string since;            ///< that date alone, YYYY-MM-DD
  std::string source, as_of;    ///< of the figures above, as in Rule
  std::vector<Rule> quota;
};

struct Key {
  ProviderIndex provider = none;
  std::string label;   ///< "key1", "key2" ... in the order found, or the vault's label
  std::string source;  ///< "env GROQ_API_KEY", "file", "vault work": never the secret
  base::Secret secret;
  std::uint64_t fingerprint = 0;  ///< stable over restarts, tells nothing about the secret
  std::uint32_t host = 0;         ///< where it is tried first: 0 the base URL, n the provider's hosts[n - 1]
};

struct Timeouts {
  std::chrono::milliseconds connect{5'000}, first_byte{15'000}, idle{30'000}, total{600'000};
};

/// What a request that ended badly costs at this provider.
struct Billing {
  /// Of an answer that did not come to its end.
  enum class Part {
    nothing,
    input,
    all,  ///< the output too, as far as it was made
  };
  bool failed_counts_request = true;  ///< an error answer counts against request limits
  Part cancelled = Part::all;         ///< the client left
  Part cut = Part::all;               ///< the provider broke off
};
std::string_view name(Billing::Part part) noexcept;

/// A further base URL of a provider, with a key space of its own.
struct Host {
  std::string name, url;
  bool local_allowed = false;  ///< may be at a loopback or private address
};
inline constexpr std::size_t max_hosts = 4;

struct Provider {
  std::string id;      ///< its name in the policy
  std::string plugin;  ///< the plugin's provider id; differs for custom endpoints
  std::string name;
  std::string base_url;
  std::vector<Host> hosts;  ///< beside base_url; at most max_hosts
  std::string probe_url;    ///< what probe paths are appended to; empty: base_url
  std::string proxy;        ///< "": as the environment says; "none": direct
  std::string ca_file;
  bool local_allowed = false;   ///< may be at a loopback or private address
  bool keyless = false;         ///< works without a key
  bool answers_itself = false;  ///< the plugin makes the answer; nothing is sent and there is no base URL
  Timeouts timeouts;
  Billing billing;
  std::vector<Rule> quota;  ///< account rules, over all models
  std::vector<KeyIndex> keys;
  /// Keys that were found a second time: where, and under which label the first one is used.
  std::vector<std::pair<std::string, std::string>> duplicates;
  std::vector<ModelIndex> models;
  bool enabled = true;
  std::string why_off;        ///< as of a model
  std::string since;          ///< the date alone
  std::string source, as_of;  ///< of the manifest's figures
  bool any_model = false;     ///< custom endpoints without a model list pass any model name on
  ModelIndex any = none;      ///< then: the nameless model that stands for every name; not among `models`
};

// ---- chains and routing
// -----------------------------------------------------------------------------------------------

enum class Strategy { priority, balanced, fastest, smartest, reliable, expiring };
std::string_view name(Strategy s) noexcept;
std::optional<Strategy> strategy_named(std::string_view text) noexcept;

/// One place of a chain: a model of a provider.
struct Step {
  ModelIndex model = none;
  std::chrono::milliseconds wait{0};  ///< rather wait this long for a slot than go lower
};

/// Flat: a provider in the chain stands for its enabled models, best first. No model twice.
struct Chain {
  std::string name;  ///< "default", or the profile's
  std::vector<Step> steps;
  Strategy strategy = Strategy::priority;
};

/// Where a request goes that a provider's content filter has refused.
enum class OnContentFilter {
  fail,  ///< to the client, as a refusal
  next,  ///< to the next model, while nothing was sent
};
std::string_view name(OnContentFilter way) noexcept;

/// What a model is told that takes a conversation over.
enum class Handoff { off, note };
std::string_view name(Handoff handoff) noexcept;

/// What a stream's silence is worth.
enum class Hedge {
  off,
  surplus,  ///< a second request beside the first, of quota that would go unused
};
std::string_view name(Hedge hedge) noexcept;

struct Routing {
  std::chrono::milliseconds sticky{1'800'000};  ///< 0: off
  unsigned attempts = 20;
  bool enforce_json = true;  ///< tool calls and JSON answers must fit the request's schemas
  std::chrono::milliseconds budget{45'000};
  bool continue_streams = true;
  OnContentFilter on_content_filter = OnContentFilter::fail;
  Handoff handoff = Handoff::off;
  Hedge hedge = Hedge::off;
};

struct Server {
  std::string address = "127.0.0.1";
  std::uint16_t port = 3001;
  std::vector<std::string> hosts;  ///< further Host names to answer to
};

/// What the store keeps of requests.
struct Store {
  unsigned days = 30;
  std::uint64_t rows = 1'000'000;
  /// What answers carried for their next turn is kept so long; 0: not at all.
  std::chrono::milliseconds conversations{24 * 3'600'000};
};

/// A test of the policy: in this state, of this request, that route. Names are "provider" or
/// "provider/model".
struct Test {
  std::string name;                                      ///< may be empty
  unsigned line = 0, column = 0;                         ///< in the policy's file
  std::vector<std::string> spent, benched, without_key;  ///< every other provider has a key
  std::string model = "auto";
  std::uint64_t tokens = 0, output = 0;
  bool tools = false, vision = false;
  Json json = Json::text;
  std::string expect;              ///< the first of the route; "none": nobody; empty: anyone
  std::vector<std::string> never;  ///< nowhere in the route
};

struct Policy {
  std::string file;     ///< where it was read, for messages
  std::string version;  ///< twelve hex digits over the effective content; X-Policy-Version
  Server server;
  Routing routing;
  Store store;
  std::vector<Provider> providers;
  std::vector<Model> models;
  std::vector<Key> keys;
  std::vector<Chain> chains;  ///< [0] is the default chain
  std::vector<Test> tests;    ///< no part of what `version` stands for
  std::unordered_map<std::string, std::string>
      aliases;  ///< to what they come to in the end: never another alias
  /// Where a value was written: its path in policy.yaml ("providers.groq.base_url") -> "policy.yaml:12" or,
  /// for what a manifest says, "groq.so:4". What is not in here is a default.
  std::map<std::string, std::string> origins;

  /// none when there is no such thing.
  ProviderIndex provider_named(std::string_view id) const noexcept;
  ChainIndex profile_named(std::string_view name) const noexcept;
  ModelIndex model_of(ProviderIndex provider, std::string_view id) const noexcept;
};

}  // namespace freellmapi::policy
