#include "policy/keys.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "policy/digest.hpp"

namespace freellmapi::policy {
namespace {

/// Where a value was found, and what its keys have in common.
struct Find {
  std::string source, label;
  Place place;
  std::string before;    ///< the variable with the keys' first part; empty: they have one part
  std::string accounts;  ///< that variable's value
  std::uint32_t host = 0;
};

// A value may hold several keys, one per line or with commas between.
std::vector<std::string_view> parts_of(std::string_view value) {
  std::vector<std::string_view> out;
  while (!value.empty() && out.size() < 4 * max_keys) {
    const auto end = value.find_first_of(",\r\n");
    const auto part = base::trim(value.substr(0, end));
    value.remove_prefix(end == std::string_view::npos ? value.size() : end + 1);
    if (!part.empty()) out.push_back(part);
  }
  return out;
}

class Pool {
 public:
  Pool(const Provider& provider, const KeyFacts& facts, Faults& faults,
       std::vector<std::pair<std::string, std::string>>* duplicates)
      : provider_(provider), facts_(facts), faults_(faults), duplicates_(duplicates) {}

  std::size_t left_out() const { return left_out_; }
  std::vector<Key> take() { return std::move(keys_); }

  // False: the value holds none.
  bool add(std::string_view value, const Find& find) {
    const auto secrets = parts_of(value);
    const auto accounts = parts_of(find.accounts);
    for (std::size_t i = 0; i < secrets.size(); ++i) {
      std::string whole(secrets[i]);
      if (!find.before.empty() && whole.find(':') == std::string::npos) {
        if (i >= accounts.size() && accounts.size() != 1) {
          faults_.warning(find.place, provider_.id + " (" + find.source + "): not used, because " +
                                          find.before +
                                          (accounts.empty() ? " is not set" : " holds fewer values"));
          left_out_ += secrets.size() - i;
          return true;
        }
        whole.insert(0, std::string(accounts[accounts.size() == 1 ? 0 : i]) + ":");
      }
      add_one(std::move(whole), find);
    }
    return !secrets.empty();
  }

 private:
  void add_one(std::string secret, const Find& find) {
    const std::uint64_t fingerprint = key_fingerprint(provider_.id, secret);
    const auto known = std::find_if(keys_.begin(), keys_.end(),
                                    [&](const Key& key) { return key.fingerprint == fingerprint; });
    if (known != keys_.end()) {
      if (duplicates_ && duplicates_->size() < max_keys) duplicates_->emplace_back(find.source, known->label);
      return;
    }
    if (keys_.size() >= max_keys) {
      ++left_out_;
      if (!overflowed_)
        faults_.warning(find.place, provider_.id + " (" + find.source + "): more than " +
                                        std::to_string(max_keys) +
                                        " keys of one provider; the others are left out");
      overflowed_ = true;
      return;
    }
    const std::string label = free_label(find.label);
    const std::string who = provider_.id + " " + label + " (" + find.source + "): ";
    if (!is_sendable(secret)) {
      ++left_out_;
      faults_.warning(find.place,
                      who + "not used, because it holds characters that no key has or is too long");
      return;
    }
    if (const std::string wrong = wrong_shape(facts_, secret); !wrong.empty()) {
      faults_.warning(find.place, who + wrong);
    }
    Key key;
    key.label = label;
    key.source = find.source;
    key.secret = base::Secret(std::move(secret));
    key.fingerprint = fingerprint;
    key.host = find.host;
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

  const Provider& provider_;
  const KeyFacts& facts_;
  Faults& faults_;
  std::vector<std::pair<std::string, std::string>>* duplicates_;
  std::vector<Key> keys_;
  bool overflowed_ = false;
  std::size_t left_out_ = 0;
};

/// 0, the base URL, when there is no such host: a policy with a base_url of its own has taken it away.
std::uint32_t host_named(const Provider& provider, const std::string& name) {
  for (std::size_t i = 0; i < provider.hosts.size(); ++i) {
    if (provider.hosts[i].name == name) return static_cast<std::uint32_t>(i + 1);
  }
  return 0;
}

std::string numbered(const std::string& name, int number) {
  return number == 0 ? name : name + "_" + std::to_string(number);
}

constexpr int most_numbers = 100;

class Finder {
 public:
  Finder(const Provider& provider, const KeyFacts& facts, const Input& input, Faults& faults,
         std::vector<std::pair<std::string, std::string>>* duplicates)
      : provider_(provider),
        facts_(facts),
        input_(input),
        faults_(faults),
        pool_(provider, facts, faults, duplicates) {}

  // The vault first: its labels were chosen by the user and stay what they are.
  void look_everywhere() {
    if (input_.vault) {
      for (const VaultKey& key : input_.vault(provider_.id))
        pool_.add(key.secret.reveal(), find_in_vault(key.label));
    }
    for (const KeyVariable& variable : facts_.env) {
      for (int number = 0; number < most_numbers; ++number) {
        const std::string name = numbered(variable.name, number);
        if (const auto value = variable_value(name)) pool_.add(*value, find_of(variable, name, number));
      }
    }
  }

  void follow(const KeyReference& reference) {
    const std::string& what = reference.what.text;
    std::optional<std::string> value;
    base::Secret from_vault;
    Find find;
    std::string missing;
    switch (reference.kind) {
      case KeyReference::Kind::env:
        value = variable_value(what);
        find = find_of_name(what);
        missing = "the variable " + what + " is not set";
        break;
      case KeyReference::Kind::file:
        if (input_.key_file) value = input_.key_file(what);
        find.source = "file";
        missing = "the file " + what + " cannot be read or is empty";
        break;
      case KeyReference::Kind::vault:
        if (input_.vault) from_vault = vault_key(what);
        find = find_in_vault(what);
        missing = "the vault has no key '" + what + "' for " + provider_.id + " that is switched on";
        break;
    }
    if (!reference.label.empty()) find.label = reference.label;
    if (!reference.before.empty()) {
      find.before = reference.before;
      find.accounts = variable_value(find.before).value_or("");
    }
    if (reference.host) find.host = host_of(*reference.host);
    find.place = reference.what.place;
    const bool found =
        from_vault.empty() ? value && pool_.add(*value, find) : pool_.add(from_vault.reveal(), find);
    if (!found) {
      faults_.warning(reference.what.place, reference.what.path + ": " + missing);
    }
  }

  std::vector<Key> take() { return pool_.take(); }
  std::size_t left_out() const { return pool_.left_out(); }

 private:
  std::optional<std::string> variable_value(const std::string& name) const {
    return input_.environment ? input_.environment(name) : std::nullopt;
  }

  static Find find_in_vault(const std::string& label) {
    Find find;
    find.source = "vault " + label;
    find.label = label;
    return find;
  }

  base::Secret vault_key(const std::string& label) const {
    for (const VaultKey& key : input_.vault(provider_.id)) {
      if (key.label == label) return key.secret;
    }
    return {};
  }

  // The second token of one account needs no second variable for the account.
  Find find_of(const KeyVariable& variable, const std::string& name, int number) const {
    Find find;
    find.source = "env " + name;
    find.host = host_named(provider_, variable.host);
    if (variable.before.empty()) return find;
    find.before = variable.before;
    auto accounts = variable_value(numbered(variable.before, number));
    if (!accounts && number != 0) accounts = variable_value(variable.before);
    find.accounts = std::move(accounts).value_or("");
    return find;
  }

  // A variable that the manifest names means the same when the policy names it.
  Find find_of_name(const std::string& name) const {
    for (const KeyVariable& variable : facts_.env) {
      for (int number = 0; number < most_numbers; ++number) {
        if (numbered(variable.name, number) == name) return find_of(variable, name, number);
      }
    }
    Find find;
    find.source = "env " + name;
    return find;
  }

  std::uint32_t host_of(const Spot& spot) const {
    const std::uint32_t host = host_named(provider_, spot.text);
    if (host != 0) return host;
    std::vector<std::string> names;
    for (const Host& known : provider_.hosts) names.push_back(known.name);
    faults_.error(spot.place, spot.path + ": " + provider_.id + " has no host '" +
                                  base::printable(spot.text, 64) + "' in 'hosts'" +
                                  did_you_mean(spot.text, names));
    return 0;
  }

  const Provider& provider_;
  const KeyFacts& facts_;
  const Input& input_;
  Faults& faults_;
  Pool pool_;
};

}  // namespace

KeyFacts facts_of(const std::string& provider, const Manifest& manifest) {
  KeyFacts facts = manifest.keys;
  if (provider == manifest.id) return facts;
  std::string variable = provider + "_API_KEY";
  std::replace(variable.begin(), variable.end(), '-', '_');
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  facts.env.clear();
  facts.env.push_back({std::move(variable), {}, {}});
  return facts;
}

std::string wrong_shape(const KeyFacts& facts, std::string_view secret) {
  const bool two_parts = std::any_of(facts.env.begin(), facts.env.end(),
                                     [](const KeyVariable& variable) { return !variable.before.empty(); });
  if (!secret.starts_with(facts.prefix))
    return "does not begin with '" + facts.prefix + "' as keys of this provider do";
  if (two_parts && secret.find(':') == std::string_view::npos)
    return "has no ':' between two parts as keys of this provider have";
  if (secret.size() < facts.min_length) return "is shorter than keys of this provider are";
  return {};
}

bool is_sendable(std::string_view secret) noexcept {
  return secret.size() <= 4096 &&
         std::all_of(secret.begin(), secret.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::vector<Key> find_keys(const Provider& provider, const KeyFacts& facts,
                           const std::vector<KeyReference>* references, const Input& input, Faults& faults,
                           std::vector<std::pair<std::string, std::string>>* duplicates,
                           std::size_t* left_out) {
  Finder finder(provider, facts, input, faults, duplicates);
  if (references == nullptr) {
    finder.look_everywhere();
  } else {
    for (const KeyReference& reference : *references) finder.follow(reference);
  }
  if (left_out != nullptr) *left_out += finder.left_out();
  return finder.take();
}

}  // namespace freellmapi::policy
