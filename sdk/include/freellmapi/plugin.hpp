// freellmapi/plugin.hpp - write a provider as a plain C++ class; this turns it into the C tables of abi.h.
//
// All of it is compiled into the plugin, so engine and plugin may use different compilers, standard libraries
// and versions of this file. Only abi.h has to match.
//
// A provider is a class with a constexpr default constructor and:
//   static constexpr std::string_view id, manifest;
//   bool check_key_shape(std::string_view first_8, std::size_t length) const;                       optional
//   void build_request(const Call&, RequestOut&) const;
//   void build_probe(RequestOut&) const;                                                            optional
//   struct Parser {                       at most a few KiB of its own; the host owns its memory
//     Parser(const Provider&, const Call&, const Headers&);
//     void feed(std::string_view bytes, EventsOut&);
//     void finish(EventsOut&);            throws Failure{FREELLM_E_TRUNCATED} when the answer has not ended
//     void whole(std::string_view body, EventsOut&);              feed and finish at once (whole.hpp)
//     optional
//   };
//   void classify_error(const Headers&, std::string_view body, std::int64_t now_unix_ms, OutcomeOut&) const;
//   void read_limits(const Headers&, std::int64_t now_unix_ms, WindowsOut&) const;                  optional
//   the two functions of KnowsHeads (heads.hpp): heads of requests that never change               optional
//   const void* extension(std::string_view id) const;                                               optional
//   the three functions of ServesEndpoints (endpoints.hpp): embeddings, images, speech               optional
//   bool salvage(const Call&, const Headers&, std::string_view body, EventsOut&) const; (salvage.hpp)
//   optional
//   std::optional<std::uint64_t> cost_bound(std::string_view model, const std::optional<Price>& price,
//       std::uint64_t input_tokens, std::uint64_t output_tokens) const;             (cost.hpp) optional
//   std::optional<std::uint64_t> stated_cost(const Headers&) const;                      (cost.hpp) optional
// Every function may throw: Failure for a status of one's own, anything else becomes E_LIMIT or E_INTERNAL.
#pragma once

#include <freellmapi/abi.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <freellmapi/cost.hpp>
#include <freellmapi/endpoints.hpp>
#include <freellmapi/heads.hpp>
#include <freellmapi/salvage.hpp>
#include <freellmapi/views.hpp>
#include <freellmapi/whole.hpp>
#include <new>
#include <string_view>

namespace freellmapi::sdk {

/// The exception barrier: the only place where a C++ exception meets the ABI.
template <class F>
freellm_status barrier(F&& body) noexcept {
  try {
    body();
    return FREELLM_OK;
  } catch (const Failure& failure) {
    return failure.status;
  } catch (const std::bad_alloc&) {
    return FREELLM_E_LIMIT;
  } catch (...) {
    return FREELLM_E_INTERNAL;
  }
}

template <class P>
concept Provider = requires(const P& provider, const Call& call, const Headers& head, RequestOut& request,
                            EventsOut& events, OutcomeOut& outcome, typename P::Parser& parser) {
  { P::id } -> std::convertible_to<std::string_view>;
  { P::manifest } -> std::convertible_to<std::string_view>;
  provider.build_request(call, request);
  provider.classify_error(head, std::string_view{}, std::int64_t{}, outcome);
  parser.feed(std::string_view{}, events);
  parser.finish(events);
}
&&std::constructible_from<typename P::Parser, const P&, const Call&, const Headers&>;

/// The one instance of a provider: constant, so there is no state to share between threads.
template <class P>
inline constexpr P provider_instance{};

/// Extension "freellm.endpoints/1" of a provider.
template <ServesEndpoints P>
struct EndpointsTable {
  static constexpr std::uint32_t served = provider_instance<P>.served_endpoints();

  static Endpoint known(std::uint32_t endpoint) {
    if (endpoint > FREELLM_ENDPOINT_SPEECH || (FREELLM_ENDPOINT_BIT(endpoint) & served) == 0)
      throw Failure{FREELLM_E_UNSUPPORTED};
    return static_cast<Endpoint>(endpoint);
  }
  static freellm_status build_request(const freellm_provider*, std::uint32_t endpoint,
                                      const freellm_call* call, freellm_request_out* out) noexcept {
    return barrier([&] {
      RequestOut request(*out);
      provider_instance<P>.build_endpoint(known(endpoint), Call(*call), request);
    });
  }
  static freellm_status read_answer(const freellm_provider*, std::uint32_t endpoint, const freellm_call* call,
                                    const freellm_head* head, freellm_str body, freellm_answer_out* out,
                                    freellm_outcome* failure) noexcept {
    return barrier([&] {
      AnswerOut answer(*out);
      OutcomeOut outcome(*failure);
      if (!provider_instance<P>.read_endpoint(known(endpoint), Call(*call), Headers(*head), view(body),
                                              answer, outcome))
        throw Failure{FREELLM_E_PROTOCOL};
    });
  }
  static constexpr freellm_endpoints make() {
    freellm_endpoints t{};
    t.size = sizeof(freellm_endpoints);
    t.served = served;
    t.build_request = &build_request;
    t.read_answer = &read_answer;
    return t;
  }
  static constexpr freellm_endpoints table = make();
};

/// Extension "freellm.salvage/1" of a provider.
template <Salvages P>
struct SalvageTable {
  static freellm_status salvage(const freellm_provider*, const freellm_call* call, const freellm_head* head,
                                freellm_str body, freellm_events_out* out) noexcept {
    return barrier([&] {
      EventsOut events(*out);
      if (!provider_instance<P>.salvage(Call(*call), Headers(*head), view(body), events))
        throw Failure{FREELLM_E_UNSUPPORTED};
    });
  }
  static constexpr freellm_salvage table = {sizeof(freellm_salvage), 0, &salvage};
};

/// Extension "freellm.whole/1" of a provider.
template <class P>
struct WholeTable {
  static freellm_status read(const freellm_provider*, const freellm_call* call, const freellm_head* head,
                             freellm_str body, freellm_events_out* out) noexcept {
    return barrier([&] {
      EventsOut events(*out);
      typename P::Parser(provider_instance<P>, Call(*call), Headers(*head)).whole(view(body), events);
    });
  }
  static constexpr freellm_whole table = {sizeof(freellm_whole), 0, &read};
};

/// Extension "freellm.heads/1" of a provider.
template <KnowsHeads P>
struct HeadsTable {
  static constexpr auto known = provider_instance<P>.fixed_heads();
  static constexpr std::size_t count = known.size();
  using Fields = std::array<freellm_head_field, std::tuple_size_v<decltype(FixedHead::fields)>>;

  static constexpr std::array<Fields, count> fields = [] {
    std::array<Fields, count> all{};
    for (std::size_t head = 0; head < count; ++head)
      for (std::size_t i = 0; i < all[head].size(); ++i) {
        const FixedHead::Field& field = known[head].fields[i];
        all[head][i] = {str(field.name), str(field.value), field.part, 0};
      }
    return all;
  }();
  static constexpr std::array<freellm_fixed_head, count> heads = [] {
    std::array<freellm_fixed_head, count> all{};
    for (std::size_t head = 0; head < count; ++head) {
      std::size_t named = 0;
      while (named < fields[head].size() && fields[head][named].name.size != 0) ++named;
      all[head] = {str(known[head].method), str(known[head].path), fields[head].data(), named};
    }
    return all;
  }();
  static freellm_status build_request(const freellm_provider*, const freellm_call* call,
                                      freellm_request_out* out, std::uint32_t* head) noexcept {
    return barrier([&] {
      RequestOut request(*out);
      *head = provider_instance<P>.build_behind_head(Call(*call), request);
    });
  }
  static constexpr freellm_heads table = {sizeof(freellm_heads), count, heads.data(), &build_request};
};

/// Extension "freellm.cost/1" of a provider.
template <class P>
struct CostTable {
  static void give(const std::optional<std::uint64_t>& cost, std::uint64_t* out) {
    if (!cost) throw Failure{FREELLM_E_UNSUPPORTED};
    *out = *cost;
  }
  static freellm_status bound(const freellm_provider*, freellm_str model, const freellm_price* said,
                              std::uint64_t input, std::uint64_t output, std::uint64_t* out) noexcept {
    return barrier([&] {
      if constexpr (BoundsCost<P>) {
        std::optional<Price> price;
        if (said->per_million_input != not_said)
          price = Price{said->per_request, said->per_million_input, said->per_million_output};
        give(provider_instance<P>.cost_bound(view(model), price, input, output), out);
      }
    });
  }
  static freellm_status stated(const freellm_provider*, const freellm_head* head,
                               std::uint64_t* out) noexcept {
    return barrier([&] {
      if constexpr (StatesCost<P>) give(provider_instance<P>.stated_cost(Headers(*head)), out);
    });
  }
  static constexpr freellm_cost table = {sizeof(freellm_cost), 0, BoundsCost<P> ? &bound : nullptr,
                                         StatesCost<P> ? &stated : nullptr};
};

template <Provider P>
struct ProviderTable {
  using Parser = typename P::Parser;
  static_assert(alignof(Parser) <= 64, "the host aligns parsers to 64 bytes at most");
  static_assert(sizeof(Parser) <= 64 * 1024, "keep big buffers of a parser on the heap");

  static freellm_status check_key_shape(const freellm_provider*, freellm_str first_8,
                                        std::size_t n) noexcept {
    return barrier([&] {
      if (!provider_instance<P>.check_key_shape(view(first_8), n)) throw Failure{FREELLM_E_INVALID};
    });
  }
  static freellm_status build_request(const freellm_provider*, const freellm_call* call,
                                      freellm_request_out* out) noexcept {
    return barrier([&] {
      RequestOut request(*out);
      provider_instance<P>.build_request(Call(*call), request);
    });
  }
  static freellm_status build_probe(const freellm_provider*, freellm_request_out* out) noexcept {
    return barrier([&] {
      RequestOut request(*out);
      provider_instance<P>.build_probe(request);
    });
  }
  static freellm_status parser_open(const freellm_provider*, void* memory, const freellm_call* call,
                                    const freellm_head* head) noexcept {
    return barrier([&] { ::new (memory) Parser(provider_instance<P>, Call(*call), Headers(*head)); });
  }
  static freellm_status parser_feed(void* parser, const void* data, std::size_t n,
                                    freellm_events_out* out) noexcept {
    auto& self = *static_cast<Parser*>(parser);
    const freellm_status status = barrier([&] {
      EventsOut events(*out);
      self.feed({static_cast<const char*>(data), n}, events);
    });
    // A parser that knows its wire's end mark says so through done(); the host then need not wait for the
    // body's end.
    if constexpr (requires {
                    { self.done() }
                    noexcept->std::same_as<bool>;
                  }) {
      if (status == FREELLM_OK && self.done()) return FREELLM_DONE;
    }
    return status;
  }
  static freellm_status parser_finish(void* parser, freellm_events_out* out) noexcept {
    return barrier([&] {
      EventsOut events(*out);
      static_cast<Parser*>(parser)->finish(events);
    });
  }
  static void parser_close(void* parser) noexcept { static_cast<Parser*>(parser)->~Parser(); }
  static freellm_status classify_error(const freellm_provider*, const freellm_head* head, freellm_str body,
                                       std::int64_t now, freellm_outcome* outcome) noexcept {
    return barrier([&] {
      OutcomeOut out(*outcome);
      provider_instance<P>.classify_error(Headers(*head), view(body), now, out);
    });
  }
  static freellm_status read_limits(const freellm_provider*, const freellm_head* head, std::int64_t now,
                                    freellm_window* windows, std::size_t capacity,
                                    std::size_t* count) noexcept {
    *count = 0;
    return barrier([&] {
      WindowsOut out(windows, capacity);
      provider_instance<P>.read_limits(Headers(*head), now, out);
      *count = out.count();
    });
  }
  static const void* get_extension(const freellm_provider*, freellm_str id) noexcept {
    if constexpr (ServesEndpoints<P>) {
      if (EndpointsTable<P>::served != 0 && view(id) == FREELLM_EXT_ENDPOINTS)
        return &EndpointsTable<P>::table;
    }
    if constexpr (Salvages<P>) {
      if (view(id) == FREELLM_EXT_SALVAGE) return &SalvageTable<P>::table;
    }
    if constexpr (KnowsHeads<P>) {
      if (view(id) == FREELLM_EXT_HEADS) return &HeadsTable<P>::table;
    }
    if constexpr (ReadsWhole<Parser>) {
      if (view(id) == FREELLM_EXT_WHOLE) return &WholeTable<P>::table;
    }
    if constexpr (BoundsCost<P> || StatesCost<P>) {
      if (view(id) == FREELLM_EXT_COST) return &CostTable<P>::table;
    }
    if constexpr (requires(const P& p) { p.extension(std::string_view{}); })
      return provider_instance<P>.extension(view(id));
    return nullptr;
  }

  // Entries a provider does not have stay NULL, which the ABI reads as "there is none".
  static constexpr freellm_provider make() {
    freellm_provider t{};
    t.size = sizeof(freellm_provider);
    t.id = str(P::id);
    t.manifest = str(P::manifest);
    if constexpr (requires(const P& p) { p.check_key_shape(std::string_view{}, std::size_t{}); })
      t.check_key_shape = &check_key_shape;
    t.build_request = &build_request;
    if constexpr (requires(const P& p, RequestOut& out) { p.build_probe(out); }) t.build_probe = &build_probe;
    t.parser_size = sizeof(Parser);
    t.parser_align = alignof(Parser);
    t.parser_open = &parser_open;
    t.parser_feed = &parser_feed;
    t.parser_finish = &parser_finish;
    t.parser_close = &parser_close;
    t.classify_error = &classify_error;
    if constexpr (requires(const P& p, const Headers& head, WindowsOut& out) {
                    p.read_limits(head, std::int64_t{}, out);
                  })
      t.read_limits = &read_limits;
    if constexpr (ServesEndpoints<P> || Salvages<P> || ReadsWhole<Parser> || KnowsHeads<P> ||
                  requires(const P& p) { p.extension(std::string_view{}); })
      t.get_extension = &get_extension;
    return t;
  }
};

template <Provider P>
inline constexpr freellm_provider provider_table = ProviderTable<P>::make();

template <Provider... Ps>
struct PluginTable {
  static_assert(sizeof...(Ps) >= 1 && sizeof...(Ps) <= 64, "a plugin has 1 to 64 providers");
  static std::uint32_t provider_count() noexcept { return sizeof...(Ps); }
  static const freellm_provider* provider(std::uint32_t index) noexcept {
    static constexpr std::array<const freellm_provider*, sizeof...(Ps)> all{&provider_table<Ps>...};
    return index < all.size() ? all[index] : nullptr;
  }
  static constexpr freellm_plugin make(std::string_view version) {
    freellm_plugin t{};
    t.size = sizeof(freellm_plugin);
    t.abi_major = FREELLM_ABI_MAJOR;
    t.abi_minor = FREELLM_ABI_MINOR;
    t.min_host_minor = 0;
    t.version = str(version);
    t.provider_count = &provider_count;
    t.provider = &provider;
    return t;
  }
};

}  // namespace freellmapi::sdk

/// At global scope, once in a plugin: FREELLM_PLUGIN("1.0.0", MyProvider) or with several providers.
#define FREELLM_PLUGIN(version, ...)                 \
  constinit const freellm_plugin freellm_plugin_v1 = \
      ::freellmapi::sdk::PluginTable<__VA_ARGS__>::make(version)
