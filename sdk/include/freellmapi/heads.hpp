// freellmapi/heads.hpp - the C++ face of extension "freellm.heads/1" (ext/heads.h). plugin.hpp offers it for
// every provider with the functions that KnowsHeads names.
#pragma once

#include <freellmapi/ext/heads.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <freellmapi/views.hpp>
#include <string_view>

namespace freellmapi::sdk {

/// Method, path and header fields of requests, known when the plugin is compiled.
struct FixedHead {
  struct Field {
    std::string_view name, value;
    std::uint32_t part = FREELLM_NO_CREDENTIAL;  ///< for a credential, as in RequestOut::credential
  };
  std::string_view method, path;
  std::array<Field, 4> fields{};  ///< those without a name are none
};

namespace detail {
template <class F>
struct ClassOf;
template <class R, class C, class... A>
struct ClassOf<R (C::*)(A...) const> {
  using type = C;
};
}  // namespace detail

/// fixed_heads() lists the heads (constexpr), build_behind_head() does what build_request() would behind one
/// of them and gives its index. Both count only beside the build_request() of the same class: one of a
/// derived class's own writes another request.
template <class P>
concept KnowsHeads = requires(const P& provider, const Call& call, RequestOut& out) {
  provider.fixed_heads();
  { provider.build_behind_head(call, out) } -> std::same_as<std::uint32_t>;
  requires std::same_as < typename detail::ClassOf<decltype(&P::build_request)>::type,
  typename detail::ClassOf<decltype(&P::build_behind_head)>::type > ;
};

}  // namespace freellmapi::sdk
