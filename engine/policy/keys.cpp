#include "policy/keys.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "policy/digest.hpp"

namespace freellmapi::policy {
namespace {

class Pool {
 public:
  Pool(const std::string& provider, const KeyFacts& facts, Faults& faults)
      : provider_(provider), facts_(facts), faults_(faults) {}

  bool full() const { return keys_.size() >= max_keys; }
  std::vector<Key> take() { return std::move(keys_); }

  // A value may hold several keys, one per line or with commas between. False: it holds none.
  bool add(std::string_view value, const std::string& source, std::string_view label, Place place) {
    bool any = false;
    while (!value.empty()) {
      const auto end = value.find_first_of(",\r\n");
      const auto secret = base::trim(value.substr(0, end));
      value.remove_prefix(end == std::string_view::npos ? value.size() : end + 1);
      if (secret.empty()) continue;
      any = true;
      add_one(secret, source, label, place);
    }
    return any;
  }

 private:
  void add_one(std::string_view secret, const std::string& source, std::string_view wanted, Place place) {
    const std::uint64_t fingerprint = key_fingerprint(provider_, secret);
    const bool known = std::any_of(keys_.begin(), keys_.end(),
                                   [&](const Key& key) { return key.fingerprint == fingerprint; });
    if (known || full()) return;
    const std::string label = free_label(std::string(wanted));
    const std::string who = provider_ + " " + label + " (" + source + "): ";
    const bool sendable =
        std::all_of(secret.begin(), secret.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (!sendable || secret.size() > 4096) {
      faults_.warning(place, who + "not used, because it holds characters that no key has or is too long");
      return;
    }
    if (!secret.starts_with(facts_.prefix)) {
      faults_.warning(place, who + "does not begin with '" + facts_.prefix + "' as keys of this provider do");
    } else if (secret.size() < facts_.min_length) {
      faults_.warning(place, who + "is shorter than keys of this provider are");
    }
    Key key;
    key.label = label;
    key.source = source;
    key.secret = base::Secret(std::string(secret));
    key.fingerprint = fingerprint;
    keys_.push_back(std::move(key));
  }

  std::string free_label(std::string label) const {
    const auto taken = [&](const std::string& l) {
      return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.label == l; });
    };
    std::size_t number = keys_.size() + 1;
    if (label.empty() || taken(label)) label = "key" + std::to_string(number);
    while (taken(label)) label = "key" + std::to_string(++number);
    return label;
  }

  const std::string& provider_;
  const KeyFacts& facts_;
  Faults& faults_;
  std::vector<Key> keys_;
};

void add_reference(const KeyReference& reference, const std::string& provider, const Input& input, Pool& pool,
                   Faults& faults) {
  const std::string& what = reference.what.text;
  std::optional<std::string> value;
  std::string source, missing;
  std::string label = reference.label;
  switch (reference.kind) {
    case KeyReference::Kind::env:
      if (input.environment) value = input.environment(what);
      source = "env " + what;
      missing = "the variable " + what + " is not set";
      break;
    case KeyReference::Kind::file:
      if (input.key_file) value = input.key_file(what);
      source = "file";
      missing = "the file " + what + " cannot be read or is empty";
      break;
    case KeyReference::Kind::vault:
      if (input.vault) value = input.vault(provider, what);
      source = "vault " + what;
      missing = "the vault has no key '" + what + "' for " + provider;
      if (label.empty()) label = what;
      break;
  }
  if (!value || !pool.add(*value, source, label, reference.what.place)) {
    faults.warning(reference.what.place, reference.what.path + ": " + missing);
  }
}

}  // namespace

std::vector<Key> find_keys(const std::string& provider, const KeyFacts& facts,
                           const std::vector<KeyReference>* references, const Input& input, Faults& faults) {
  Pool pool(provider, facts, faults);
  if (references != nullptr) {
    for (const KeyReference& reference : *references) add_reference(reference, provider, input, pool, faults);
    return pool.take();
  }
  if (!input.environment) return pool.take();
  for (const std::string& name : facts.env) {
    for (int suffix = 0; suffix < 100 && !pool.full(); ++suffix) {
      const std::string variable = suffix == 0 ? name : name + "_" + std::to_string(suffix);
      if (const auto value = input.environment(variable)) pool.add(*value, "env " + variable, {}, {});
    }
  }
  return pool.take();
}

}  // namespace freellmapi::policy
