# backproof_register(<target> KIND op|check|report|mutant FOLDER <folder> LINK <library>...)
#
# The presence of <folder>/<name>.hpp registers the struct <name>. For each header a translation unit is generated that
# includes it first and alone (so it must be self-contained), asserts that file, struct and registered name agree, and
# registers it. The units see lib/ and what LINK brings along: a check cannot include an op.
function(backproof_register target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "KIND;FOLDER" "LINK")
  set(namespace_op ops)
  set(namespace_check checks)
  set(namespace_report reports)
  set(namespace_mutant mutants)
  set(room_op op)
  set(room_check run)
  set(room_report run)
  set(room_mutant mutation)
  set(BP_ROOM ${room_${arg_KIND}}) # of the header that registers
  set(BP_NAMESPACE ${namespace_${arg_KIND}})
  set(BP_KIND ${arg_KIND})

  get_filename_component(folder ${arg_FOLDER} ABSOLUTE)
  file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.hpp)
  list(SORT headers)
  set(units "")
  set(names "")
  foreach(BP_HEADER IN LISTS headers)
    get_filename_component(BP_NAME ${BP_HEADER} NAME_WE)
    set(unit ${CMAKE_BINARY_DIR}/generated/${arg_FOLDER}/${BP_NAME}.cpp)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/registration.cpp.in ${unit} @ONLY)
    list(APPEND units ${unit})
    string(APPEND names "    \"${BP_NAME}\",\n")
  endforeach()

  # The names go into a source file, not a compile definition, so that a new file recompiles nothing else.
  set(BP_NAMES "${names}")
  set(inventory ${CMAKE_BINARY_DIR}/generated/${arg_FOLDER}/inventory/${arg_KIND}_files.cpp)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/inventory.cpp.in ${inventory} @ONLY)

  # Where several sources are compiled as one (CMAKE_UNITY_BUILD), these are units of one initial, so that a new file
  # changes no other group. Structs and the functions they call then share a scope: where log.hpp has a struct log,
  # log_softmax.hpp has to say whose log it calls.
  add_library(${target} STATIC ${units} ${inventory})
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
  foreach(unit IN LISTS units)
    cmake_path(GET unit FILENAME initial)
    string(SUBSTRING ${initial} 0 1 initial)
    set_property(SOURCE ${unit} PROPERTY UNITY_GROUP ${initial})
  endforeach()
  string(REPLACE backproof_ "" export_name ${target})
  add_library(backproof::${export_name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${export_name})
  target_link_libraries(${target} PUBLIC ${arg_LINK} PRIVATE $<BUILD_INTERFACE:backproof_flags>)
endfunction()
