# SPDX-License-Identifier: Apache-2.0
# Writes librexpass.json: which LLVM the plugin belongs to, and the plugin's digest.
file(SHA256 "${LIBRARY}" digest)
string(REGEX MATCH "^[0-9]+" major "${VERSION}")
file(WRITE "${OUTPUT}"
     "{\"format\": 1, \"llvm\": \"${VERSION}\", \"major\": ${major}, \"sha256\": \"${digest}\"}\n")
