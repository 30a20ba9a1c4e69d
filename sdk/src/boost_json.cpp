// The one translation unit that holds Boost.JSON's code, so that a plugin links no shared library of it.
#include <boost/json/src.hpp>
