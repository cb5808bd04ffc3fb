# What is installed: find_package(backproof) brings the judge; the rest are components (backproof-config.cmake.in).
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/backproof)

# backproof_install_component(<name> <target>...): find_package(backproof COMPONENTS <name>) finds these targets.
function(backproof_install_component name)
  install(TARGETS ${ARGN} EXPORT backproof-${name}-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(
    EXPORT backproof-${name}-targets
    NAMESPACE backproof::
    DESTINATION ${package_dir})
endfunction()

function(backproof_install_rooms)
  foreach(room IN LISTS ARGN)
    install(
      DIRECTORY lib/backproof/${room}
      DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/backproof
      FILES_MATCHING
      PATTERN "*.hpp")
  endforeach()
endfunction()

backproof_install_component(judge backproof_judge backproof_core backproof_frames backproof_reference backproof_checks)
backproof_install_rooms(base number tensor op judge run render)
install(FILES ${CMAKE_BINARY_DIR}/generated/include/backproof/base/config.hpp
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/backproof/base)
install(
  DIRECTORY reference
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/backproof
  FILES_MATCHING
  PATTERN "*.hpp")

if(BACKPROOF_REPORTS)
  backproof_install_component(reports backproof_reports)
endif()
if(BACKPROOF_ADAPTERS)
  backproof_install_component(adapter backproof_adapter_sdk)
  backproof_install_component(host backproof_host)
  backproof_install_rooms(host)
endif()
if(BACKPROOF_MUTANTS)
  backproof_install_component(mutants backproof_mutation backproof_mutants)
  backproof_install_rooms(mutation)
endif()
if(BACKPROOF_NETWORKS)
  set(network_targets backproof_network)
  if(BACKPROOF_ONNX)
    list(APPEND network_targets backproof_onnx_proto)
  endif()
  backproof_install_component(network ${network_targets})
  backproof_install_rooms(network)
endif()
if(BACKPROOF_FLOW)
  backproof_install_component(flow backproof_flow)
  backproof_install_rooms(flow)
endif()

configure_package_config_file(cmake/backproof-config.cmake.in ${CMAKE_BINARY_DIR}/package/backproof-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/backproof-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/backproof-config.cmake ${CMAKE_BINARY_DIR}/package/backproof-config-version.cmake
        DESTINATION ${package_dir})
