# Corrections to whisper.cpp 1.8.3, made to the copy of its source in the build folder. They leave out what is computed
# for nothing and change no word; docs/ARCHITECTURE.md says what they are worth. .cargo/config.toml has CMake include
# this file after project(). Without it Osler works the same, slower and in more memory.

if(NOT PROJECT_NAME STREQUAL "whisper.cpp")
    return()
endif()

set(osler_file "${CMAKE_CURRENT_SOURCE_DIR}/src/whisper.cpp")
file(READ "${osler_file}" osler_source)

# Applied once; the folder is kept between builds.
if(osler_source MATCHES "osler-fixes")
    return()
endif()

function(osler_fix before after)
    string(FIND "${osler_source}" "${before}" at)
    if(at EQUAL -1)
        message(FATAL_ERROR "scripts/whisper-fixes.cmake does not know this version of whisper.cpp: "
            "look whether it still needs the corrections, or take CMAKE_PROJECT_INCLUDE out of .cargo/config.toml")
    endif()
    string(REPLACE "${before}" "${after}" changed "${osler_source}")
    set(osler_source "${changed}" PARENT_SCOPE)
endfunction()

# 1. The pass that aligns tokens with the sound needs attention weights alone, and a prompt the logits of its last token:
#    the product with the whole vocabulary is the dearest in the decoder and was made for every token.
osler_fix(
    "    struct ggml_tensor * logits = ggml_mul_mat(ctx0, model.d_te, cur);

    // [EXPERIMENTAL] Token-level timestamps with DTW"
    "    // osler-fixes
    {
        int first = 0;
        while (first < n_tokens - 1 && (save_alignment_heads_QKs || batch.logits[first] == 0)) {
            ++first;
        }
        cur = ggml_view_2d(ctx0, cur, cur->ne[0], n_tokens - first, cur->nb[1], first*cur->nb[1]);
    }

    struct ggml_tensor * logits = ggml_mul_mat(ctx0, model.d_te, cur);

    // [EXPERIMENTAL] Token-level timestamps with DTW")
osler_fix(
    "    logits_out.resize(n_tokens*n_vocab);
    for (int i = 0; i < n_tokens; i++) {
        if (batch.logits[i] == 0) {
            continue;
        }
        ggml_backend_tensor_get(logits, logits_out.data() + (n_vocab*i), sizeof(float)*(n_vocab*i), sizeof(float)*n_vocab);
    }"
    "    // osler-fixes: nobody reads logits of the alignment pass; they would stay in memory
    if (!save_alignment_heads_QKs) {
        logits_out.resize(n_tokens*n_vocab);
        const int first = n_tokens - (int) logits->ne[1];
        for (int i = first; i < n_tokens; i++) {
            if (batch.logits[i] == 0) {
                continue;
            }
            ggml_backend_tensor_get(logits, logits_out.data() + (n_vocab*i), sizeof(float)*(n_vocab*(i - first)), sizeof(float)*n_vocab);
        }
    }")

# 2. The alignment's own small graph took four threads whatever the caller had asked for; on two cores they spin against
#    the other worker.
osler_fix(
    "    ggml_backend_ptr backend { ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr) };
    ggml_backend_graph_compute(backend.get(), gf);"
    "    // osler-fixes
    ggml_graph_compute_helper(gf, n_threads, nullptr, nullptr);")

file(WRITE "${osler_file}" "${osler_source}")
