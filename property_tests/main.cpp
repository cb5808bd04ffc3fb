// The properties: each file holds the suite of its own name.
#define BOOST_TEST_MODULE backproof_properties
#include <boost/test/unit_test.hpp>
