# Completions of asr for bash. Written by `make completions`: change the program, not this file.
# Source it, or put it into ~/.local/share/bash-completion/completions/ under the name asr.

_asr_words() {  # offer words that begin with what was typed
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_asr_list() {  # the same after the last comma: srt,json
    local done=""
    [[ $cur == *,* ]] && done="${cur%,*},"
    COMPREPLY=($(compgen -P "$done" -W "$1" -- "${cur##*,}"))
    compopt -o nospace 2>/dev/null
}

_asr_colons() {  # words with colons, at which readline breaks a line into words: whisper:base
    local start="" word
    case $cur in
        :) start="$prev:" cur="" ;;
        *) [[ $prev == : ]] && start="${COMP_WORDS[COMP_CWORD-2]}:" ;;
    esac
    COMPREPLY=()
    for word in $1; do
        [[ $word == "$start$cur"* ]] && COMPREPLY+=("${word#"$start"}")
    done
}

_asr_given() {  # the value of the first of these options that was typed, up to a colon
    local number option
    given=""
    for ((number = 1; number < COMP_CWORD - 1; number++)); do
        for option in "$@"; do
            [[ ${COMP_WORDS[number]} == "$option" ]] || continue
            given="${COMP_WORDS[number+1]}"
            [[ $given == = ]] && given="${COMP_WORDS[number+2]}"
            given="${given%%:*}"
            return
        done
    done
}

_asr_by_engine() {
    local given
    _asr_given --engine -e
    case $given in
        canary) _asr_words "qwen-2.5b" ;;
        qwen3) _asr_words "1.7b 0.6b 1.7b-hf 0.6b-hf" ;;
        firered) _asr_words "aed2 aed llm2 llm" ;;
        nemo) _asr_words "parakeet-tdt-0.6b-v3 parakeet-tdt-0.6b-v2 parakeet-tdt-1.1b parakeet-rnnt-1.1b parakeet-rnnt-0.6b parakeet-ctc-1.1b parakeet-ctc-0.6b canary-1b-v2 canary-1b-flash canary-1b stt_en_fastconformer_transducer_xlarge stt_en_fastconformer_transducer_xxlarge" ;;
        transformers) _asr_words "parakeet-tdt-0.6b-v3 parakeet-tdt-0.6b-v2 parakeet-ctc-0.6b parakeet-ctc-1.1b parakeet-rnnt-0.6b parakeet-rnnt-1.1b canary-1b-v2 wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en" ;;
        whisper) _asr_words "tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3 large-v3-turbo distil-small.en distil-medium.en distil-large-v2 distil-large-v3 distil-large-v3.5 large turbo" ;;
        moonshine) _asr_words "tiny-en base-en" ;;
        pocketsphinx) _asr_words "en-us" ;;
        fake) _asr_words "default" ;;
        openai_server) _asr_words "" ;;
        *) _asr_words "qwen-2.5b 1.7b 0.6b 1.7b-hf 0.6b-hf aed2 aed llm2 llm parakeet-tdt-0.6b-v3 parakeet-tdt-0.6b-v2 parakeet-tdt-1.1b parakeet-rnnt-1.1b parakeet-rnnt-0.6b parakeet-ctc-1.1b parakeet-ctc-0.6b canary-1b-v2 canary-1b-flash canary-1b stt_en_fastconformer_transducer_xlarge stt_en_fastconformer_transducer_xxlarge wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3 large-v3-turbo distil-small.en distil-medium.en distil-large-v2 distil-large-v3 distil-large-v3.5 large turbo tiny-en base-en en-us default" ;;
    esac
}

_asr_by_aligner() {
    local given
    _asr_given --aligner -a
    case $given in
        ctc) _asr_words "parakeet-ctc-0.6b parakeet-ctc-1.1b wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en" ;;
        nemo) _asr_words "parakeet-ctc-1.1b parakeet-ctc-0.6b" ;;
        pocketsphinx) _asr_words "en-us" ;;
        qwen3) _asr_words "0.6b 0.6b-hf" ;;
        *) _asr_words "parakeet-ctc-0.6b parakeet-ctc-1.1b wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en en-us 0.6b 0.6b-hf" ;;
    esac
}

_asr_files() {
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
}

_asr_folders() {
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -d -- "$cur"))
}

_asr_path() {  # the command that was typed so far, and of its own commands
    local word number
    path=""
    for ((number = 1; number < COMP_CWORD; number++)); do
        word="${COMP_WORDS[number]}"
        case "$path/$word" in
            "/transcribe") path="transcribe" ;;
            "/serve") path="serve" ;;
            "/align") path="align" ;;
            "/ask") path="ask" ;;
            "/compare") path="compare" ;;
            "/leaderboard") path="leaderboard" ;;
            "/bench") path="bench" ;;
            "/report") path="report" ;;
            "/voices") path="voices" ;;
            "/engines") path="engines" ;;
            "/doctor") path="doctor" ;;
            "/config") path="config" ;;
            "/digest") path="digest" ;;
            "leaderboard/tables") path="leaderboard tables" ;;
            "leaderboard/check") path="leaderboard check" ;;
            "leaderboard/update") path="leaderboard update" ;;
            "leaderboard/score") path="leaderboard score" ;;
            "leaderboard/export") path="leaderboard export" ;;
            "leaderboard/readme") path="leaderboard readme" ;;
            "report/merge") path="report merge" ;;
            "voices/add") path="voices add" ;;
            "voices/list") path="voices list" ;;
            "voices/remove") path="voices remove" ;;
            "engines/show") path="engines show" ;;
            "engines/pull") path="engines pull" ;;
            "engines/install") path="engines install" ;;
            "engines/remove") path="engines remove" ;;
            "digest/run") path="digest run" ;;
            "digest/verify") path="digest verify" ;;
            "digest/search") path="digest search" ;;
            "digest/why") path="digest why" ;;
            "digest/star") path="digest star" ;;
            "digest/hide") path="digest hide" ;;
            "digest/status") path="digest status" ;;
            "digest/prune") path="digest prune" ;;
            "digest/ideas") path="digest ideas" ;;
            "digest/week") path="digest week" ;;
            "digest/doctor") path="digest doctor" ;;
            "digest/import") path="digest import" ;;
            "digest/mindmap") path="digest mindmap" ;;
            "digest/feed") path="digest feed" ;;
            "digest/mail") path="digest mail" ;;
            "digest/demo") path="digest demo" ;;
            "digest/readme") path="digest readme" ;;
            "digest/podcast") path="digest podcast" ;;
            "digest/paper") path="digest paper" ;;
        esac
    done
}

_asr() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" path number
    COMPREPLY=()
    if [[ $cur == = ]]; then  # --engine=
        cur=""
    elif [[ $prev == = ]]; then  # --engine=w
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    _asr_path
    for ((number = 1; number < COMP_CWORD; number++)); do
        [[ ${COMP_WORDS[number]} == -- ]] && { _asr_files; return; }
    done
    case "$path $prev" in
        "transcribe --engine"|"transcribe -e") _asr_words "auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server"; return ;;
        "transcribe --model"|"transcribe -m") _asr_by_engine; return ;;
        "transcribe --backend") _asr_words "native nemo"; return ;;
        "transcribe --language"|"transcribe -l") _asr_words "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"; return ;;
        "transcribe --languages") _asr_list "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"; return ;;
        "transcribe --identify-with") _asr_words "firered"; return ;;
        "transcribe --task") _asr_words "transcribe translate"; return ;;
        "transcribe --ask") :; return ;;
        "transcribe --prompt"|"transcribe --initial-prompt") :; return ;;
        "transcribe --hotwords") :; return ;;
        "transcribe --files-from") _asr_files; return ;;
        "transcribe --manifest") _asr_files; return ;;
        "transcribe --allow-host") :; return ;;
        "transcribe --shard") :; return ;;
        "transcribe --start") :; return ;;
        "transcribe --end") :; return ;;
        "transcribe --clip-timestamps") :; return ;;
        "transcribe --channels") _asr_words "mix split"; return ;;
        "transcribe --track") :; return ;;
        "transcribe --format"|"transcribe --output-format"|"transcribe -f") _asr_list "txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all"; return ;;
        "transcribe --output-dir"|"transcribe -o") _asr_folders; return ;;
        "transcribe --output") _asr_files; return ;;
        "transcribe --output-template") :; return ;;
        "transcribe --aligner") _asr_words "auto engine ctc nemo pocketsphinx qwen3"; return ;;
        "transcribe --punctuation-model") _asr_words "firered"; return ;;
        "transcribe --numbers") :; return ;;
        "transcribe --script") :; return ;;
        "transcribe --diarize-model") _asr_folders; return ;;
        "transcribe --speakers") :; return ;;
        "transcribe --min-speakers") :; return ;;
        "transcribe --max-speakers") :; return ;;
        "transcribe --voices") _asr_folders; return ;;
        "transcribe --rttm-in") _asr_files; return ;;
        "transcribe --subs") _asr_words "default netflix netflix-zh netflix-ja netflix-ko bbc ted youtube shorts whisper"; return ;;
        "transcribe --max-line-width") :; return ;;
        "transcribe --max-line-count") :; return ;;
        "transcribe --max-words-per-line") :; return ;;
        "transcribe --max-cps") :; return ;;
        "transcribe --min-duration") :; return ;;
        "transcribe --max-duration") :; return ;;
        "transcribe --min-gap") :; return ;;
        "transcribe --pcm") :; return ;;
        "transcribe --idle") :; return ;;
        "transcribe --settle-after") :; return ;;
        "transcribe --vad-model") _asr_words "silero firered"; return ;;
        "transcribe --vad-threshold") :; return ;;
        "transcribe --vad-min-speech-duration-ms") :; return ;;
        "transcribe --vad-min-silence-duration-ms") :; return ;;
        "transcribe --language-model") _asr_files; return ;;
        "transcribe --beam-size") :; return ;;
        "transcribe --n-best") :; return ;;
        "transcribe --best-of") :; return ;;
        "transcribe --patience") :; return ;;
        "transcribe --length-penalty") :; return ;;
        "transcribe --repetition-penalty") :; return ;;
        "transcribe --no-repeat-ngram-size") :; return ;;
        "transcribe --temperature") :; return ;;
        "transcribe --temperature-increment-on-fallback") :; return ;;
        "transcribe --compression-ratio-threshold") :; return ;;
        "transcribe --logprob-threshold") :; return ;;
        "transcribe --no-speech-threshold") :; return ;;
        "transcribe --hallucination-silence-threshold") :; return ;;
        "transcribe --prepend-punctuations") :; return ;;
        "transcribe --append-punctuations") :; return ;;
        "transcribe --suppress-tokens") :; return ;;
        "transcribe --max-new-tokens") :; return ;;
        "transcribe --seed") :; return ;;
        "transcribe --engine-option") :; return ;;
        "transcribe --chunk-length"|"transcribe --chunk-size") :; return ;;
        "transcribe --batch-size") :; return ;;
        "transcribe --device") _asr_words "auto cpu cuda mps"; return ;;
        "transcribe --device-index") :; return ;;
        "transcribe --compute-type"|"transcribe --dtype") _asr_words "auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32"; return ;;
        "transcribe --threads"|"transcribe -t") :; return ;;
        "transcribe --workers") :; return ;;
        "transcribe --ray") :; return ;;
        "transcribe --worker-timeout") :; return ;;
        "transcribe --worker-memory") :; return ;;
        "transcribe --model-dir") _asr_folders; return ;;
        "transcribe --report") _asr_files; return ;;
        "transcribe --events") _asr_files; return ;;
        "serve --engine"|"serve -e") _asr_words "auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server"; return ;;
        "serve --workers") :; return ;;
        "serve --device") _asr_words "auto cpu cuda mps"; return ;;
        "serve --compute-type"|"serve --dtype") _asr_words "auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32"; return ;;
        "serve --threads"|"serve -t") :; return ;;
        "serve --host") :; return ;;
        "serve --port") :; return ;;
        "serve --allow-name") :; return ;;
        "serve --max-upload") :; return ;;
        "serve --max-hours") :; return ;;
        "serve --max-requests") :; return ;;
        "align --aligner"|"align -a") _asr_words "auto engine ctc nemo pocketsphinx qwen3"; return ;;
        "align --model"|"align -m") _asr_by_aligner; return ;;
        "align --listener") :; return ;;
        "align --language"|"align -l") _asr_words "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"; return ;;
        "align --format"|"align -f") _asr_list "txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all"; return ;;
        "align --output-dir"|"align -o") _asr_folders; return ;;
        "align --output") _asr_files; return ;;
        "align --output-template") :; return ;;
        "align --min-coverage") :; return ;;
        "align --max-word-seconds") :; return ;;
        "align --reference") _asr_files; return ;;
        "align --allow-host") :; return ;;
        "align --shard") :; return ;;
        "align --start") :; return ;;
        "align --end") :; return ;;
        "align --channels") _asr_words "mix split"; return ;;
        "align --track") :; return ;;
        "align --chunk-length") :; return ;;
        "align --device") _asr_words "auto cpu cuda mps"; return ;;
        "align --compute-type"|"align --dtype") _asr_words "auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32"; return ;;
        "align --threads"|"align -t") :; return ;;
        "align --subs") _asr_words "default netflix netflix-zh netflix-ja netflix-ko bbc ted youtube shorts whisper"; return ;;
        "align --report") _asr_files; return ;;
        "align --events") _asr_files; return ;;
        "ask --engine"|"ask -e") _asr_words "auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server"; return ;;
        "ask --model"|"ask -m") _asr_by_engine; return ;;
        "ask --backend") _asr_words "native nemo"; return ;;
        "ask --llm") :; return ;;
        "ask --llm-model") :; return ;;
        "ask --device") _asr_words "auto cpu cuda mps"; return ;;
        "ask --compute-type"|"ask --dtype") _asr_words "auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32"; return ;;
        "ask --threads"|"ask -t") :; return ;;
        "compare --consensus") _asr_files; return ;;
        "compare --format"|"compare -f") _asr_list "txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all"; return ;;
        "compare --normalizer"|"compare -n") _asr_words "none basic whisper-en open-asr-leaderboard asr"; return ;;
        "compare --language"|"compare -l") _asr_words "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"; return ;;
        "compare --convention") _asr_words "levenshtein sclite open-asr-leaderboard"; return ;;
        "compare --collar") :; return ;;
        "compare --by") :; return ;;
        "compare --group") :; return ;;
        "compare --show") :; return ;;
        "compare --confusions") :; return ;;
        "compare --json") _asr_files; return ;;
        "compare --csv") _asr_files; return ;;
        "compare --markdown") _asr_files; return ;;
        "compare --html") _asr_files; return ;;
        "compare --junit") _asr_files; return ;;
        "compare --fail-if") :; return ;;
        "leaderboard --table"|"leaderboard -t") :; return ;;
        "leaderboard --date") :; return ;;
        "leaderboard --top") :; return ;;
        "leaderboard --sets") :; return ;;
        "leaderboard --without") :; return ;;
        "leaderboard --language"|"leaderboard -l") _asr_words "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"; return ;;
        "leaderboard --licence"|"leaderboard --license") :; return ;;
        "leaderboard --min-size") :; return ;;
        "leaderboard --max-size") :; return ;;
        "leaderboard --min-rtfx") :; return ;;
        "leaderboard --search") :; return ;;
        "leaderboard --sort") :; return ;;
        "leaderboard --add") _asr_files; return ;;
        "leaderboard --json") _asr_files; return ;;
        "leaderboard --csv") _asr_files; return ;;
        "leaderboard --markdown") _asr_files; return ;;
        "leaderboard --html") _asr_files; return ;;
        "leaderboard --plot") _asr_files; return ;;
        "leaderboard check --table"|"leaderboard check -t") :; return ;;
        "leaderboard check --date") :; return ;;
        "leaderboard update --replay") _asr_files; return ;;
        "leaderboard score --language"|"leaderboard score -l") _asr_words "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"; return ;;
        "leaderboard score --eval-results") _asr_folders; return ;;
        "leaderboard export --out"|"leaderboard export -o") _asr_folders; return ;;
        "leaderboard export --model") _asr_words "qwen-2.5b 1.7b 0.6b 1.7b-hf 0.6b-hf aed2 aed llm2 llm parakeet-tdt-0.6b-v3 parakeet-tdt-0.6b-v2 parakeet-tdt-1.1b parakeet-rnnt-1.1b parakeet-rnnt-0.6b parakeet-ctc-1.1b parakeet-ctc-0.6b canary-1b-v2 canary-1b-flash canary-1b stt_en_fastconformer_transducer_xlarge stt_en_fastconformer_transducer_xxlarge wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3 large-v3-turbo distil-small.en distil-medium.en distil-large-v2 distil-large-v3 distil-large-v3.5 large turbo tiny-en base-en en-us default"; return ;;
        "leaderboard export --dataset") _asr_files; return ;;
        "leaderboard readme --table"|"leaderboard readme -t") :; return ;;
        "leaderboard readme --date") :; return ;;
        "bench --engine"|"bench -e") _asr_words "auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server"; return ;;
        "bench --with") _asr_files; return ;;
        "bench --replay") _asr_files; return ;;
        "bench --out"|"bench -o") _asr_folders; return ;;
        "bench --sample") :; return ;;
        "bench --seed") :; return ;;
        "bench --allow-host") :; return ;;
        "bench --text-column") :; return ;;
        "bench --language"|"bench -l") _asr_words "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"; return ;;
        "bench --beam-size") :; return ;;
        "bench --length-penalty") :; return ;;
        "bench --chunk-length") :; return ;;
        "bench --engine-option") :; return ;;
        "bench --normalizer"|"bench -n") _asr_words "none basic whisper-en open-asr-leaderboard asr"; return ;;
        "bench --repeats") :; return ;;
        "bench --speed-sample") :; return ;;
        "bench --batches") :; return ;;
        "bench --concurrency") :; return ;;
        "bench --robustness-sample") :; return ;;
        "bench --diarize-model") _asr_folders; return ;;
        "bench --device") _asr_words "auto cpu cuda mps"; return ;;
        "bench --compute-type"|"bench --dtype") _asr_words "auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32"; return ;;
        "bench --threads"|"bench -t") :; return ;;
        "bench --workers") :; return ;;
        "bench --json") _asr_files; return ;;
        "bench --csv") _asr_files; return ;;
        "bench --markdown") _asr_files; return ;;
        "bench --html") _asr_files; return ;;
        "bench --plot") _asr_files; return ;;
        "report merge --of") :; return ;;
        "report merge --output") _asr_files; return ;;
        "voices add --diarize-model") _asr_folders; return ;;
        "engines pull --safetensors") _asr_folders; return ;;
        "engines install --torch") :; return ;;
        "engines install --package") :; return ;;
        "digest run --out"|"digest run -o") _asr_folders; return ;;
        "digest run --date") :; return ;;
        "digest run --since") :; return ;;
        "digest run --until") :; return ;;
        "digest run --sources") :; return ;;
        "digest run --interests") _asr_files; return ;;
        "digest run --replay") _asr_files; return ;;
        "digest run --leaderboard") _asr_files; return ;;
        "digest run --x-budget") :; return ;;
        "digest run --llm") :; return ;;
        "digest run --llm-model") :; return ;;
        "digest verify --out"|"digest verify -o") _asr_folders; return ;;
        "digest search --out"|"digest search -o") _asr_folders; return ;;
        "digest search --max"|"digest search -n") :; return ;;
        "digest why --out"|"digest why -o") _asr_folders; return ;;
        "digest star --out"|"digest star -o") _asr_folders; return ;;
        "digest hide --out"|"digest hide -o") _asr_folders; return ;;
        "digest status --out"|"digest status -o") _asr_folders; return ;;
        "digest status --date") :; return ;;
        "digest prune --out"|"digest prune -o") _asr_folders; return ;;
        "digest prune --days") :; return ;;
        "digest ideas --out"|"digest ideas -o") _asr_folders; return ;;
        "digest ideas --week") :; return ;;
        "digest week --out"|"digest week -o") _asr_folders; return ;;
        "digest week --week") :; return ;;
        "digest doctor --out"|"digest doctor -o") _asr_folders; return ;;
        "digest import --out"|"digest import -o") _asr_folders; return ;;
        "digest mindmap --out"|"digest mindmap -o") _asr_folders; return ;;
        "digest mindmap --days") :; return ;;
        "digest feed --out"|"digest feed -o") _asr_folders; return ;;
        "digest mail --out"|"digest mail -o") _asr_folders; return ;;
        "digest mail --date") :; return ;;
        "digest mail --eml") :; return ;;
        "digest mail --from") :; return ;;
        "digest mail --to") :; return ;;
        "digest demo --out"|"digest demo -o") _asr_folders; return ;;
        "digest readme --out"|"digest readme -o") _asr_folders; return ;;
        "digest readme --leaderboard") _asr_files; return ;;
        "digest podcast --out"|"digest podcast -o") _asr_folders; return ;;
        "digest podcast --date") :; return ;;
        "digest podcast --minutes") :; return ;;
        "digest podcast --voice") :; return ;;
        "digest podcast --voice-dir") _asr_folders; return ;;
        "digest podcast --format"|"digest podcast -f") :; return ;;
        "digest podcast --engine"|"digest podcast -e") _asr_words "auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server"; return ;;
        "digest paper --out"|"digest paper -o") _asr_folders; return ;;
        "digest paper --replay") _asr_files; return ;;
    esac
    case "$path" in
        "")
            if [[ $cur == -* ]]; then _asr_words "--version --help"; else _asr_words "transcribe serve align ask compare leaderboard bench report voices engines doctor config digest"; fi ;;
        "transcribe")
            if [[ $cur == -* ]]; then _asr_words "--engine --model --fast --backend --language --languages --identify-with --task --translate --ask --prompt --initial-prompt --hotwords --files-from --null --manifest --allow-host --shard --start --end --clip-timestamps --channels --track --jumps --format --output-format --output-dir --output --output-template --mirror-tree --word-timestamps --no-word-timestamps --aligner --punctuate --punctuation-model --numbers --script --force --dry-run --fail-fast --diarize --diarize-model --speakers --min-speakers --max-speakers --voices --same-speakers --rttm-in --subs --max-line-width --max-line-count --max-words-per-line --max-cps --min-duration --max-duration --min-gap --highlight-words --no-highlight-words --stream --pcm --idle --settle-after --vad --vad-filter --no-vad --no-vad-filter --vad-model --vad-threshold --vad-min-speech-duration-ms --vad-min-silence-duration-ms --language-model --beam-size --n-best --best-of --patience --length-penalty --repetition-penalty --no-repeat-ngram-size --temperature --temperature-increment-on-fallback --compression-ratio-threshold --logprob-threshold --no-speech-threshold --condition-on-previous-text --no-condition-on-previous-text --carry-initial-prompt --no-carry-initial-prompt --hallucination-silence-threshold --prepend-punctuations --append-punctuations --suppress-tokens --max-new-tokens --seed --engine-option --chunk-length --chunk-size --batched --no-batched --batch-size --device --device-index --compute-type --dtype --fp16 --no-fp16 --threads --workers --ray --worker-timeout --worker-memory --model-dir --offline --local-files-only --report --events --json --quiet --verbose --help"; else _asr_files; fi ;;
        "serve")
            if [[ $cur == -* ]]; then _asr_words "--engine --workers --device --compute-type --dtype --threads --offline --local-files-only --host --port --no-key --allow-name --max-upload --max-hours --max-requests --quiet --help"; else :; fi ;;
        "align")
            if [[ $cur == -* ]]; then _asr_words "--aligner --model --listener --language --format --output-dir --output --output-template --mirror-tree --min-coverage --max-word-seconds --reference --allow-host --shard --start --end --channels --track --jumps --chunk-length --vad --no-vad --device --compute-type --dtype --threads --offline --local-files-only --subs --highlight-words --no-highlight-words --force --dry-run --fail-fast --report --events --json --quiet --verbose --help"; else _asr_files; fi ;;
        "ask")
            if [[ $cur == -* ]]; then _asr_words "--engine --model --backend --llm --llm-model --device --compute-type --dtype --threads --offline --json --quiet --verbose --help"; else _asr_files; fi ;;
        "compare")
            if [[ $cur == -* ]]; then _asr_words "--no-ref --consensus --format --normalizer --language --convention --fragments --meetings --collar --explain-normalizer --by --group --show --confusions --json --csv --markdown --html --junit --fail-if --force --quiet --help"; else _asr_files; fi ;;
        "leaderboard")
            if [[ $cur == -* ]]; then _asr_words "--table --date --top --sets --without --language --licence --license --open --min-size --max-size --min-rtfx --search --sort --mix --add --json --csv --markdown --html --plot --force --quiet --help"; else _asr_words "tables check update score export readme"; fi ;;
        "leaderboard tables")
            if [[ $cur == -* ]]; then _asr_words "--json --help"; else :; fi ;;
        "leaderboard check")
            if [[ $cur == -* ]]; then _asr_words "--table --date --json --help"; else :; fi ;;
        "leaderboard update")
            if [[ $cur == -* ]]; then _asr_words "--replay --help"; else _asr_colons "canary canary:qwen-2.5b qwen3 qwen3:1.7b qwen3:0.6b qwen3:1.7b-hf qwen3:0.6b-hf firered firered:aed2 firered:aed firered:llm2 firered:llm nemo nemo:parakeet-tdt-0.6b-v3 nemo:parakeet-tdt-0.6b-v2 nemo:parakeet-tdt-1.1b nemo:parakeet-rnnt-1.1b nemo:parakeet-rnnt-0.6b nemo:parakeet-ctc-1.1b nemo:parakeet-ctc-0.6b nemo:canary-1b-v2 nemo:canary-1b-flash nemo:canary-1b nemo:stt_en_fastconformer_transducer_xlarge nemo:stt_en_fastconformer_transducer_xxlarge transformers transformers:parakeet-tdt-0.6b-v3 transformers:parakeet-tdt-0.6b-v2 transformers:parakeet-ctc-0.6b transformers:parakeet-ctc-1.1b transformers:parakeet-rnnt-0.6b transformers:parakeet-rnnt-1.1b transformers:canary-1b-v2 transformers:wav2vec2-base-960h transformers:hubert-xlarge-ls960-ft transformers:wav2vec2-bert-CV16-en whisper whisper:tiny whisper:tiny.en whisper:base whisper:base.en whisper:small whisper:small.en whisper:medium whisper:medium.en whisper:large-v1 whisper:large-v2 whisper:large-v3 whisper:large-v3-turbo whisper:distil-small.en whisper:distil-medium.en whisper:distil-large-v2 whisper:distil-large-v3 whisper:distil-large-v3.5 whisper:large whisper:turbo moonshine moonshine:tiny-en moonshine:base-en"; fi ;;
        "leaderboard score")
            if [[ $cur == -* ]]; then _asr_words "--language --write --eval-results --force --json --csv --help"; else _asr_folders; fi ;;
        "leaderboard export")
            if [[ $cur == -* ]]; then _asr_words "--out --model --dataset --force --help"; else _asr_files; fi ;;
        "leaderboard readme")
            if [[ $cur == -* ]]; then _asr_words "--table --date --open --help"; else _asr_files; fi ;;
        "bench")
            if [[ $cur == -* ]]; then _asr_words "--engine --with --replay --yes --out --sample --seed --allow-host --text-column --language --beam-size --length-penalty --chunk-length --engine-option --vad --no-vad --normalizer --repeats --speed-sample --batches --concurrency --robustness --robustness-sample --diarize --diarize-model --device --compute-type --dtype --threads --workers --offline --json --csv --markdown --html --plot --force --quiet --verbose --help"; else _asr_files; fi ;;
        "report")
            if [[ $cur == -* ]]; then _asr_words "--help"; else _asr_words "merge"; fi ;;
        "report merge")
            if [[ $cur == -* ]]; then _asr_words "--of --missing --null --output --force --help"; else :; fi ;;
        "voices")
            if [[ $cur == -* ]]; then _asr_words "--help"; else _asr_words "add list remove"; fi ;;
        "voices add")
            if [[ $cur == -* ]]; then _asr_words "--diarize-model --force --offline --help"; else _asr_folders; fi ;;
        "voices list")
            if [[ $cur == -* ]]; then _asr_words "--help"; else _asr_folders; fi ;;
        "voices remove")
            if [[ $cur == -* ]]; then _asr_words "--help"; else _asr_folders; fi ;;
        "engines")
            if [[ $cur == -* ]]; then _asr_words "--json --help"; else _asr_words "show pull install remove"; fi ;;
        "engines show")
            if [[ $cur == -* ]]; then _asr_words "--json --help"; else _asr_colons "canary canary:qwen-2.5b qwen3 qwen3:1.7b qwen3:0.6b qwen3:1.7b-hf qwen3:0.6b-hf firered firered:aed2 firered:aed firered:llm2 firered:llm nemo nemo:parakeet-tdt-0.6b-v3 nemo:parakeet-tdt-0.6b-v2 nemo:parakeet-tdt-1.1b nemo:parakeet-rnnt-1.1b nemo:parakeet-rnnt-0.6b nemo:parakeet-ctc-1.1b nemo:parakeet-ctc-0.6b nemo:canary-1b-v2 nemo:canary-1b-flash nemo:canary-1b nemo:stt_en_fastconformer_transducer_xlarge nemo:stt_en_fastconformer_transducer_xxlarge transformers transformers:parakeet-tdt-0.6b-v3 transformers:parakeet-tdt-0.6b-v2 transformers:parakeet-ctc-0.6b transformers:parakeet-ctc-1.1b transformers:parakeet-rnnt-0.6b transformers:parakeet-rnnt-1.1b transformers:canary-1b-v2 transformers:wav2vec2-base-960h transformers:hubert-xlarge-ls960-ft transformers:wav2vec2-bert-CV16-en whisper whisper:tiny whisper:tiny.en whisper:base whisper:base.en whisper:small whisper:small.en whisper:medium whisper:medium.en whisper:large-v1 whisper:large-v2 whisper:large-v3 whisper:large-v3-turbo whisper:distil-small.en whisper:distil-medium.en whisper:distil-large-v2 whisper:distil-large-v3 whisper:distil-large-v3.5 whisper:large whisper:turbo moonshine moonshine:tiny-en moonshine:base-en"; fi ;;
        "engines pull")
            if [[ $cur == -* ]]; then _asr_words "--safetensors --quiet --help"; else _asr_colons "canary canary:qwen-2.5b qwen3 qwen3:1.7b qwen3:0.6b qwen3:1.7b-hf qwen3:0.6b-hf firered firered:aed2 firered:aed firered:llm2 firered:llm nemo nemo:parakeet-tdt-0.6b-v3 nemo:parakeet-tdt-0.6b-v2 nemo:parakeet-tdt-1.1b nemo:parakeet-rnnt-1.1b nemo:parakeet-rnnt-0.6b nemo:parakeet-ctc-1.1b nemo:parakeet-ctc-0.6b nemo:canary-1b-v2 nemo:canary-1b-flash nemo:canary-1b nemo:stt_en_fastconformer_transducer_xlarge nemo:stt_en_fastconformer_transducer_xxlarge transformers transformers:parakeet-tdt-0.6b-v3 transformers:parakeet-tdt-0.6b-v2 transformers:parakeet-ctc-0.6b transformers:parakeet-ctc-1.1b transformers:parakeet-rnnt-0.6b transformers:parakeet-rnnt-1.1b transformers:canary-1b-v2 transformers:wav2vec2-base-960h transformers:hubert-xlarge-ls960-ft transformers:wav2vec2-bert-CV16-en whisper whisper:tiny whisper:tiny.en whisper:base whisper:base.en whisper:small whisper:small.en whisper:medium whisper:medium.en whisper:large-v1 whisper:large-v2 whisper:large-v3 whisper:large-v3-turbo whisper:distil-small.en whisper:distil-medium.en whisper:distil-large-v2 whisper:distil-large-v3 whisper:distil-large-v3.5 whisper:large whisper:turbo moonshine moonshine:tiny-en moonshine:base-en"; fi ;;
        "engines install")
            if [[ $cur == -* ]]; then _asr_words "--torch --package --dry-run --help"; else :; fi ;;
        "engines remove")
            if [[ $cur == -* ]]; then _asr_words "--help"; else :; fi ;;
        "doctor")
            if [[ $cur == -* ]]; then _asr_words "--network --json --help"; else :; fi ;;
        "config")
            if [[ $cur == -* ]]; then _asr_words "--changed --json --help"; else _asr_words "align ask bench compare config digest doctor engines leaderboard report serve transcribe voices"; fi ;;
        "digest")
            if [[ $cur == -* ]]; then _asr_words "--help"; else _asr_words "run verify search why star hide status prune ideas week doctor import mindmap feed mail demo readme podcast paper"; fi ;;
        "digest run")
            if [[ $cur == -* ]]; then _asr_words "--out --date --since --until --sources --interests --replay --record --leaderboard --x-budget --llm --llm-model --strict --force --help"; else :; fi ;;
        "digest verify")
            if [[ $cur == -* ]]; then _asr_words "--out --help"; else :; fi ;;
        "digest search")
            if [[ $cur == -* ]]; then _asr_words "--out --max --help"; else :; fi ;;
        "digest why")
            if [[ $cur == -* ]]; then _asr_words "--out --help"; else :; fi ;;
        "digest star")
            if [[ $cur == -* ]]; then _asr_words "--out --undo --help"; else :; fi ;;
        "digest hide")
            if [[ $cur == -* ]]; then _asr_words "--out --undo --help"; else :; fi ;;
        "digest status")
            if [[ $cur == -* ]]; then _asr_words "--out --date --help"; else :; fi ;;
        "digest prune")
            if [[ $cur == -* ]]; then _asr_words "--out --days --help"; else :; fi ;;
        "digest ideas")
            if [[ $cur == -* ]]; then _asr_words "--out --week --help"; else :; fi ;;
        "digest week")
            if [[ $cur == -* ]]; then _asr_words "--out --week --force --help"; else :; fi ;;
        "digest doctor")
            if [[ $cur == -* ]]; then _asr_words "--out --example --help"; else :; fi ;;
        "digest import")
            if [[ $cur == -* ]]; then _asr_words "--out --force --help"; else :; fi ;;
        "digest mindmap")
            if [[ $cur == -* ]]; then _asr_words "--out --days --force --help"; else :; fi ;;
        "digest feed")
            if [[ $cur == -* ]]; then _asr_words "--out --opml --force --help"; else :; fi ;;
        "digest mail")
            if [[ $cur == -* ]]; then _asr_words "--out --date --eml --from --to --force --help"; else :; fi ;;
        "digest demo")
            if [[ $cur == -* ]]; then _asr_words "--out --force --help"; else :; fi ;;
        "digest readme")
            if [[ $cur == -* ]]; then _asr_words "--out --leaderboard --help"; else _asr_files; fi ;;
        "digest podcast")
            if [[ $cur == -* ]]; then _asr_words "--out --date --minutes --voice --voice-dir --format --selfcheck --engine --force --help"; else :; fi ;;
        "digest paper")
            if [[ $cur == -* ]]; then _asr_words "--out --replay --offline --citations --force --help"; else :; fi ;;
    esac
}

complete -F _asr asr
