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
    "    // osler-fixes: where nobody reads logits they would stay in memory
    if (!save_alignment_heads_QKs && batch.logits[n_tokens - 1] != 0) {
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

# 3. Other wordings are judged by the probability of each of their tokens. whisper_decode is used for nothing else. At the
#    beginning (n_past = 0) it takes in what comes before, several tokens, and makes no logits. Behind that it leaves, in
#    the place of the first logits, the logarithm of the probability of every token that may follow the last one, but at
#    the very end, where the last times of 30 s have their place: that of each token after the one before it, and 1,
#    which no such logarithm is, to say so.
osler_fix(
    "    if (!whisper_decode_internal(*ctx, *state, state->batch, n_threads, false, nullptr, nullptr)) {
        WHISPER_LOG_ERROR(\"%s: failed to eval\\n\", __func__);
        return 1;
    }

    return 0;
}

int whisper_decode(struct whisper_context * ctx"
    "    // osler-fixes
    for (int i = 0; i < n_tokens; ++i) {
        state->batch.logits[i] = n_past > 0 || n_tokens == 1;
    }

    if (!whisper_decode_internal(*ctx, *state, state->batch, n_threads, false, nullptr, nullptr)) {
        WHISPER_LOG_ERROR(\"%s: failed to eval\\n\", __func__);
        return 1;
    }

    if (n_past > 0) {
        const int n_vocab = ctx->model.hparams.n_vocab;
        std::vector<float> judged(n_tokens, 1.0f);
        for (int i = 0; i < n_tokens; ++i) {
            float * row = state->logits.data() + (size_t) n_vocab*i;
            const float highest = *std::max_element(row, row + n_vocab);
            float sum = 0.0f;
            for (int k = 0; k < n_vocab; ++k) {
                // What is left out adds less than 0.001 to the logarithm, and most of the vocabulary is.
                if (row[k] > highest - 18.0f) {
                    sum += expf(row[k] - highest);
                }
            }
            const float whole = highest + logf(sum);
            if (i + 1 < n_tokens) {
                judged[i] = row[tokens[i + 1]] - whole;
            } else {
                for (int k = 0; k < n_vocab; ++k) {
                    state->logits[k] = row[k] - whole;
                }
            }
        }
        std::copy(judged.begin(), judged.end(), state->logits.begin() + (n_vocab - n_tokens));
    }

    return 0;
}

int whisper_decode(struct whisper_context * ctx")

#    The alignment pass, which comes last in hearing, forgot what the decoder knew of the words; it is kept where there is
#    room for both (the decoder of the greedy search has the number 0).
osler_fix(
    "    whisper_kv_cache_clear(state->kv_self);
    whisper_batch_prep_legacy(state->batch, tokens.data(), tokens.size(), 0, 0);
    whisper_kv_cache_seq_rm(state->kv_self, 0, 0, -1);
    if (!whisper_decode_internal(*ctx, *state, state->batch, n_threads, true, nullptr, nullptr)) {
        WHISPER_LOG_INFO(\"DECODER FAILED\\n\");
        WHISPER_ASSERT(0);
    }"
    "    // osler-fixes
    const size_t heard_cells = whisper_kv_cache_cell_max(state->kv_self);
    const bool keep = params.strategy == WHISPER_SAMPLING_GREEDY && params.greedy.best_of == 1 &&
        heard_cells + tokens.size() <= state->kv_self.size;
    if (keep) {
        state->kv_self.head = heard_cells;
    } else {
        whisper_kv_cache_clear(state->kv_self);
    }
    whisper_batch_prep_legacy(state->batch, tokens.data(), tokens.size(), 0, keep ? 1 : 0);
    if (!whisper_decode_internal(*ctx, *state, state->batch, n_threads, true, nullptr, nullptr)) {
        WHISPER_LOG_INFO(\"DECODER FAILED\\n\");
        WHISPER_ASSERT(0);
    }
    if (keep) {
        whisper_kv_cache_seq_rm(state->kv_self, 1, 0, -1);
    }")

file(WRITE "${osler_file}" "${osler_source}")
