#compdef asr
# Completions of asr for zsh. Written by `make completions`: change the program, not this file.
# Put it into a folder of $fpath under the name _asr.

_asr_by_engine() {
    local -a found; local given="$opt_args[--engine]$opt_args[-e]"
    case ${given%%[\\:]*} in
        canary) found=(qwen-2.5b) ;;
        qwen3) found=(1.7b 0.6b 1.7b-hf 0.6b-hf) ;;
        firered) found=(aed2 aed llm2 llm) ;;
        nemo) found=(parakeet-tdt-0.6b-v3 parakeet-tdt-0.6b-v2 parakeet-tdt-1.1b parakeet-rnnt-1.1b parakeet-rnnt-0.6b parakeet-ctc-1.1b parakeet-ctc-0.6b canary-1b-v2 canary-1b-flash canary-1b stt_en_fastconformer_transducer_xlarge stt_en_fastconformer_transducer_xxlarge) ;;
        transformers) found=(parakeet-tdt-0.6b-v3 parakeet-tdt-0.6b-v2 parakeet-ctc-0.6b parakeet-ctc-1.1b parakeet-rnnt-0.6b parakeet-rnnt-1.1b canary-1b-v2 wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en) ;;
        whisper) found=(tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3 large-v3-turbo distil-small.en distil-medium.en distil-large-v2 distil-large-v3 distil-large-v3.5 large turbo) ;;
        moonshine) found=(tiny-en base-en) ;;
        pocketsphinx) found=(en-us) ;;
        fake) found=(default) ;;
        openai_server) found=() ;;
        *) found=(qwen-2.5b 1.7b 0.6b 1.7b-hf 0.6b-hf aed2 aed llm2 llm parakeet-tdt-0.6b-v3 parakeet-tdt-0.6b-v2 parakeet-tdt-1.1b parakeet-rnnt-1.1b parakeet-rnnt-0.6b parakeet-ctc-1.1b parakeet-ctc-0.6b canary-1b-v2 canary-1b-flash canary-1b stt_en_fastconformer_transducer_xlarge stt_en_fastconformer_transducer_xxlarge wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3 large-v3-turbo distil-small.en distil-medium.en distil-large-v2 distil-large-v3 distil-large-v3.5 large turbo tiny-en base-en en-us default) ;;
    esac
    compadd "$@" -a found
}

_asr_by_aligner() {
    local -a found; local given="$opt_args[--aligner]$opt_args[-a]"
    case ${given%%[\\:]*} in
        ctc) found=(parakeet-ctc-0.6b parakeet-ctc-1.1b wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en) ;;
        nemo) found=(parakeet-ctc-1.1b parakeet-ctc-0.6b) ;;
        pocketsphinx) found=(en-us) ;;
        qwen3) found=(0.6b 0.6b-hf) ;;
        *) found=(parakeet-ctc-0.6b parakeet-ctc-1.1b wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en en-us 0.6b 0.6b-hf) ;;
    esac
    compadd "$@" -a found
}

_asr() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--version -V)--version[Show the version.]' \
        '(--version -V)-V[Show the version.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:command:->command' \
        '*::argument:->argument'
    case $state in
        command) local -a commands=('transcribe:Turn recordings into text and subtitles.' 'serve:Serve engines over OpenAI'\''s interface for files of speech.' 'align:Find when each word of a known text is said.' 'ask:Put questions to a transcript.' 'compare:Compare the texts of systems with a reference, and with each other.' 'leaderboard:Show what is published about recognisers, dated and with its sources, and place your own runs beside it.' 'bench:Measure accuracy, speed and memory of engines on your recordings.' 'report:Put the reports of several runs together.' 'voices:Keep prints of voices, by which speakers are named: asr transcribe --diarize --voices FOLDER.' 'engines:List the engines, aligners and diarizers, their models, and which weights are on this machine.' 'doctor:Probe devices and libraries, and say how to mend what is broken.' 'config:Show every option with its value and origin.' 'digest:Follow the field: a verified digest of each day, with feeds, a podcast and a mindmap.'); _describe -t commands command commands ;;
        argument)
            case $words[1] in
                transcribe) _asr_transcribe ;;
                serve) _asr_serve ;;
                align) _asr_align ;;
                ask) _asr_ask ;;
                compare) _asr_compare ;;
                leaderboard) _asr_leaderboard ;;
                bench) _asr_bench ;;
                report) _asr_report ;;
                voices) _asr_voices ;;
                engines) _asr_engines ;;
                doctor) _asr_doctor ;;
                config) _asr_config ;;
                digest) _asr_digest ;;
            esac ;;
    esac
}

_asr_transcribe() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--engine -e)--engine=[ENGINE or ENGINE\:MODEL; auto\: the best with weights here.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '(--engine -e)-e+[ENGINE or ENGINE\:MODEL; auto\: the best with weights here.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '(--model -m)--model=[Name, hub id, or folder of weights.]:MODEL:_asr_by_engine' \
        '(--model -m)-m+[Name, hub id, or folder of weights.]:MODEL:_asr_by_engine' \
        '(--fast)--fast[The quickest with weights here; the same as --engine fast.]' \
        '(--backend)--backend=[Implementation, of an engine with several.]:BACKEND:(native nemo)' \
        '(--language -l)--language=[Code or name; default\: identified.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--language -l)-l+[Code or name; default\: identified.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--languages)--languages=[Find the language among these\: de,en.]:LANGUAGE,...:_sequence compadd - af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh' \
        '(--identify-with)--identify-with=[Model that identifies the language\: firered, firered\:FOLDER.]:IDENTIFY-WITH:(firered)' \
        '(--task)--task=[transcribe, or translate into English.]:TASK:(transcribe translate)' \
        '(--translate)--translate[The same as --task translate.]' \
        '*--ask=[Question about what was said; several\: --ask ... --ask ...]:TEXT: ' \
        '(--prompt --initial-prompt)--prompt=[Text that came before.]:TEXT: ' \
        '(--prompt --initial-prompt)--initial-prompt=[Text that came before.]:TEXT: ' \
        '(--hotwords)--hotwords=[Words to expect, separated by commas.]:TEXT: ' \
        '(--files-from)--files-from=[Read names of inputs from a file, or -.]:FILE:_files' \
        '(--null -0)--null[Names in --files-from end with a NUL byte.]' \
        '(--null -0)-0[Names in --files-from end with a NUL byte.]' \
        '(--manifest)--manifest=[Transcribe a manifest (JSON Lines, CSV, Lhotse, Kaldi, stm); add pred_text.]:FILE:_files' \
        '*--allow-host=[Read from this host although it is private\: HOST, or HOST\:PORT; several\: again.]:TEXT: ' \
        '(--shard)--shard=[I/N\: the I-th of N parts of the inputs; auto in a job of an array.]:TEXT: ' \
        '(--start)--start=[Begin here\: seconds, or 1\:02\:03.5.]:TEXT: ' \
        '(--end)--end=[End here.]:TEXT: ' \
        '(--clip-timestamps)--clip-timestamps=[START,END in seconds\: the same as --start and --end.]:TEXT: ' \
        '(--channels)--channels=[mix, split (a speaker per channel), or a number.]:CHANNELS:(mix split)' \
        '(--track)--track=[Sound track\: a number from 0, or a language; default\: that of -l.]:TEXT: ' \
        '(--jumps)--jumps[Keep leaps of a file'\''s clock (over 10 minutes) as silence.]' \
        '(--format --output-format -f)--format=[txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm; several\: srt,json.]:FORMAT,...:_sequence compadd - txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all' \
        '(--format --output-format -f)--output-format=[txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm; several\: srt,json.]:FORMAT,...:_sequence compadd - txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all' \
        '(--format --output-format -f)-f+[txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm; several\: srt,json.]:FORMAT,...:_sequence compadd - txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all' \
        '(--output-dir -o)--output-dir=[Folder for the results; - is standard output, the default.]:DIR:_files -/' \
        '(--output-dir -o)-o+[Folder for the results; - is standard output, the default.]:DIR:_files -/' \
        '(--output)--output=[Write the one result to this file; - is standard output.]:FILE:_files' \
        '(--output-template)--output-template=[Names in the folder, default '\''{stem}.{format}'\''.]:TEXT: ' \
        '(--mirror-tree)--mirror-tree[Keep the folders below a folder input.]' \
        '(--word-timestamps --no-word-timestamps)--word-timestamps[Times of words; default\: as the format needs.]' \
        '(--word-timestamps --no-word-timestamps)--no-word-timestamps[Times of words; default\: as the format needs.]' \
        '(--aligner)--aligner=[Aligner that times the words\: NAME\[\:MODEL\], or engine; default\: the better one.]:ALIGNER:(auto engine ctc nemo pocketsphinx qwen3)' \
        '(--punctuate)--punctuate[Put punctuation into texts that have none.]' \
        '(--punctuation-model)--punctuation-model=[For --punctuate\: firered, the default, or firered\:FOLDER.]:PUNCTUATION-MODEL:(firered)' \
        '(--numbers)--numbers=[Write numbers as words or digits; as-is\: as the engine does, the default.]:TEXT: ' \
        '(--script)--script=[Write Chinese as hans (simplified) or hant (traditional).]:TEXT: ' \
        '(--force)--force[Make all again; replace edited and foreign files.]' \
        '(--dry-run)--dry-run[Only say what would be made, and why.]' \
        '(--fail-fast)--fail-fast[Stop at the first input that fails.]' \
        '(--diarize)--diarize[Find who speaks\: a speaker for every word.]' \
        '(--diarize-model)--diarize-model=[campplus, or hub id or folder of a pyannote pipeline.]:DIR:_files -/' \
        '(--speakers)--speakers=[How many speakers there are.]:N: ' \
        '(--min-speakers)--min-speakers=[Least number of speakers.]:N: ' \
        '(--max-speakers)--max-speakers=[Greatest number of speakers.]:N: ' \
        '(--voices)--voices=[Name the speakers by this folder\: a recording of each, NAME.wav.]:DIR:_files -/' \
        '(--same-speakers)--same-speakers[One person has one name in all recordings of the run.]' \
        '(--rttm-in)--rttm-in=[Take the speakers from this RTTM file, or a folder of them.]:FILE:_files' \
        '(--subs)--subs=[Subtitle profile\: default, netflix, bbc, ...]:SUBS:(default netflix netflix-zh netflix-ja netflix-ko bbc ted youtube shorts whisper)' \
        '(--max-line-width)--max-line-width=[Characters in a line.]:N: ' \
        '(--max-line-count)--max-line-count=[Lines in a cue.]:N: ' \
        '(--max-words-per-line)--max-words-per-line=[Words in a line.]:N: ' \
        '(--max-cps)--max-cps=[Reading speed, characters a second.]:X: ' \
        '(--min-duration)--min-duration=[Shortest cue, seconds.]:X: ' \
        '(--max-duration)--max-duration=[Longest cue, seconds.]:X: ' \
        '(--min-gap)--min-gap=[Gap between cues, seconds.]:X: ' \
        '(--highlight-words --no-highlight-words)--highlight-words[Mark each word as it is said.]' \
        '(--highlight-words --no-highlight-words)--no-highlight-words[Mark each word as it is said.]' \
        '(--stream)--stream[Transcribe -, a growing file or mic\: while it is spoken.]' \
        '(--pcm)--pcm=[Raw samples for --stream\: s16le\:16000\:1.]:TEXT: ' \
        '(--idle)--idle=[--stream ends when a file has not grown for this long\: 10 s.]:X: ' \
        '(--settle-after)--settle-after=[Seconds after which --stream settles a word, agreed upon or not\: 2.]:X: ' \
        '(--vad --vad-filter --no-vad --no-vad-filter)--vad[Leave silence out.]' \
        '(--vad --vad-filter --no-vad --no-vad-filter)--vad-filter[Leave silence out.]' \
        '(--vad --vad-filter --no-vad --no-vad-filter)--no-vad[Leave silence out.]' \
        '(--vad --vad-filter --no-vad --no-vad-filter)--no-vad-filter[Leave silence out.]' \
        '(--vad-model)--vad-model=[silero, firered, or firered\:FOLDER; --vad firered means the same.]:VAD-MODEL:(silero firered)' \
        '(--vad-threshold)--vad-threshold=[Probability that is speech, 0 to 1.]:X: ' \
        '(--vad-min-speech-duration-ms)--vad-min-speech-duration-ms=[Shorter speech is ignored.]:N: ' \
        '(--vad-min-silence-duration-ms)--vad-min-silence-duration-ms=[Shorter silence does not part speech.]:N: ' \
        '(--language-model)--language-model=[ARPA or KenLM file of word n-grams, for CTC models.]:FILE:_files' \
        '(--beam-size)--beam-size=[Hypotheses kept while decoding.]:N: ' \
        '(--n-best)--n-best=[List this many readings of each segment, in JSON.]:N: ' \
        '(--best-of)--best-of=[Samples per temperature above zero.]:N: ' \
        '(--patience)--patience=[Patience factor of beam search.]:X: ' \
        '(--length-penalty)--length-penalty=[Exponent of the length.]:X: ' \
        '(--repetition-penalty)--repetition-penalty=[Penalty on repeated tokens, above 1.]:X: ' \
        '(--no-repeat-ngram-size)--no-repeat-ngram-size=[Never repeat this many tokens.]:N: ' \
        '(--temperature)--temperature=[One, or several tried in order\: 0,0.2,0.4.]:TEXT: ' \
        '(--temperature-increment-on-fallback)--temperature-increment-on-fallback=[Step to higher temperatures, up to 1.0, when a result fails; None\: no step.]:TEXT: ' \
        '(--compression-ratio-threshold)--compression-ratio-threshold=[A result whose text compresses better than this fails.]:X: ' \
        '(--logprob-threshold)--logprob-threshold=[A result with a lower mean log probability fails.]:X: ' \
        '(--no-speech-threshold)--no-speech-threshold=[Probability of no speech above which unsure text is dropped.]:X: ' \
        '(--condition-on-previous-text --no-condition-on-previous-text)--condition-on-previous-text[Give each window the text before it as context.]' \
        '(--condition-on-previous-text --no-condition-on-previous-text)--no-condition-on-previous-text[Give each window the text before it as context.]' \
        '(--carry-initial-prompt --no-carry-initial-prompt)--carry-initial-prompt[Give the prompt to every window.]' \
        '(--carry-initial-prompt --no-carry-initial-prompt)--no-carry-initial-prompt[Give the prompt to every window.]' \
        '(--hallucination-silence-threshold)--hallucination-silence-threshold=[Skip text in silences longer than this.]:X: ' \
        '(--prepend-punctuations)--prepend-punctuations=[Punctuation that belongs to the next word.]:TEXT: ' \
        '(--append-punctuations)--append-punctuations=[Punctuation that belongs to the word before.]:TEXT: ' \
        '(--suppress-tokens)--suppress-tokens=[Token ids never to write; -1\: the usual symbols.]:TEXT: ' \
        '(--max-new-tokens)--max-new-tokens=[Tokens per clip.]:N: ' \
        '(--seed)--seed=[Seed for sampling at temperatures above 0.]:N: ' \
        '*--engine-option=[Option of this engine alone; asr engines lists them.]:NAME=VALUE: ' \
        '(--chunk-length --chunk-size)--chunk-length=[Longest piece recognised at once, seconds; default\: by engine.]:X: ' \
        '(--chunk-length --chunk-size)--chunk-size=[Longest piece recognised at once, seconds; default\: by engine.]:X: ' \
        '(--batched --no-batched)--batched[Many clips at once (default), or in sequence.]' \
        '(--batched --no-batched)--no-batched[Many clips at once (default), or in sequence.]' \
        '(--batch-size)--batch-size=[Greatest number of clips at once.]:N: ' \
        '(--device)--device=[auto, cpu, cuda, cuda\:1, mps; several\: cuda\:0,cuda\:1 or cuda\:all.]:DEVICE:(auto cpu cuda mps)' \
        '(--device-index)--device-index=[Which GPU; the same as --device cuda\:N.]:N: ' \
        '(--compute-type --dtype)--compute-type=[auto, int8, float16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--compute-type --dtype)--dtype=[auto, int8, float16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--fp16 --no-fp16)--fp16[The same as --compute-type float16.]' \
        '(--fp16 --no-fp16)--no-fp16[The same as --compute-type float16.]' \
        '(--threads -t)--threads=[CPU threads; 0\: the library decides.]:N: ' \
        '(--threads -t)-t+[CPU threads; 0\: the library decides.]:N: ' \
        '(--workers)--workers=[Run the engine in this many processes; 0\: in this one, on one device.]:N: ' \
        '(--ray)--ray=[Workers on a cluster of Ray\: auto, HOST\:PORT, or local to start one.]:TEXT: ' \
        '(--worker-timeout)--worker-timeout=[Seconds for loading, and for a call; default\: as it has been.]:X: ' \
        '(--worker-memory)--worker-memory=[Gigabytes at which a worker is replaced; default\: its share.]:X: ' \
        '(--model-dir)--model-dir=[Folder that downloaded models are kept in.]:DIR:_files -/' \
        '(--offline --local-files-only)--offline[Never use the network.]' \
        '(--offline --local-files-only)--local-files-only[Never use the network.]' \
        '(--report)--report=[A JSON line per input into this file.]:FILE:_files' \
        '(--events)--events=[JSON lines as things happen\: FILE, -, or fd\:N.]:FILE:_files' \
        '(--json)--json[JSON lines on standard output.]' \
        '(--quiet -q)--quiet[Errors only.]' \
        '(--quiet -q)-q[Errors only.]' \
        '(--verbose -v)--verbose[More about what is going on.]' \
        '(--verbose -v)-v[More about what is going on.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '*:input:_files'
}

_asr_serve() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '*--engine=[ENGINE or ENGINE\:MODEL, several\: -e ... -e ...; default\: auto.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '*-e+[ENGINE or ENGINE\:MODEL, several\: -e ... -e ...; default\: auto.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '(--workers)--workers=[Processes for each engine; default\: one on each device.]:N: ' \
        '(--device)--device=[auto, cpu, cuda, cuda\:1, mps; several\: cuda\:0,cuda\:1 or cuda\:all.]:DEVICE:(auto cpu cuda mps)' \
        '(--compute-type --dtype)--compute-type=[auto, int8, float16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--compute-type --dtype)--dtype=[auto, int8, float16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--threads -t)--threads=[CPU threads; 0\: the library decides.]:N: ' \
        '(--threads -t)-t+[CPU threads; 0\: the library decides.]:N: ' \
        '(--offline --local-files-only)--offline[Never use the network.]' \
        '(--offline --local-files-only)--local-files-only[Never use the network.]' \
        '(--host)--host=[Address to listen on, default 127.0.0.1\: this machine alone.]:TEXT: ' \
        '(--port)--port=[Port, default 8000; 0\: one that is free.]:N: ' \
        '(--no-key)--no-key[Let other machines in without a key.]' \
        '*--allow-name=[Host name that clients use for this server; several\: again.]:TEXT: ' \
        '(--max-upload)--max-upload=[MiB of one file, default 2048.]:X: ' \
        '(--max-hours)--max-hours=[Hours of audio in one file, default 12.]:X: ' \
        '(--max-requests)--max-requests=[Requests open at once, default 64.]:N: ' \
        '(--quiet -q)--quiet[Errors only\: no line for each request.]' \
        '(--quiet -q)-q[Errors only\: no line for each request.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_align() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--aligner -a)--aligner=[ALIGNER\[\:MODEL\], or auto\: the best for the language here.]:ALIGNER:(auto engine ctc nemo pocketsphinx qwen3)' \
        '(--aligner -a)-a+[ALIGNER\[\:MODEL\], or auto\: the best for the language here.]:ALIGNER:(auto engine ctc nemo pocketsphinx qwen3)' \
        '(--model -m)--model=[Name, hub id, or folder of weights.]:MODEL:_asr_by_aligner' \
        '(--model -m)-m+[Name, hub id, or folder of weights.]:MODEL:_asr_by_aligner' \
        '(--listener)--listener=[ENGINE\[\:MODEL\] that verifies which words are said, for qwen3; auto, or none.]:TEXT: ' \
        '(--language -l)--language=[Code or name; default\: by the text.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--language -l)-l+[Code or name; default\: by the text.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--format -f)--format=[textgrid ctm json srt vtt ass ...; default\: the text'\''s own, or ctm.]:FORMAT,...:_sequence compadd - txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all' \
        '(--format -f)-f+[textgrid ctm json srt vtt ass ...; default\: the text'\''s own, or ctm.]:FORMAT,...:_sequence compadd - txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all' \
        '(--output-dir -o)--output-dir=[Folder for the results; - is standard output, the default.]:DIR:_files -/' \
        '(--output-dir -o)-o+[Folder for the results; - is standard output, the default.]:DIR:_files -/' \
        '(--output)--output=[Write the one result to this file; - is standard output.]:FILE:_files' \
        '(--output-template)--output-template=[Names in the folder, default '\''{stem}.{format}'\''.]:TEXT: ' \
        '(--mirror-tree)--mirror-tree[Keep the folders below a folder input.]' \
        '(--min-coverage)--min-coverage=[Fail below this share of words found, default 0.5.]:X: ' \
        '(--max-word-seconds)--max-word-seconds=[Fail when a word is longer, default 5.]:X: ' \
        '(--reference)--reference=[Folder of TextGrid or CTM references\: report the boundary error.]:FILE:_files' \
        '*--allow-host=[Read from this host although it is private\: HOST, or HOST\:PORT; several\: again.]:TEXT: ' \
        '(--shard)--shard=[I/N\: the I-th of N parts of a folder; auto in a job of an array.]:TEXT: ' \
        '(--start)--start=[Begin here\: seconds, or 1\:02\:03.5.]:TEXT: ' \
        '(--end)--end=[End here.]:TEXT: ' \
        '(--channels)--channels=[mix, or the number of the channel with this text.]:CHANNELS:(mix split)' \
        '(--track)--track=[Sound track\: a number from 0, or a language; default\: that of -l.]:TEXT: ' \
        '(--jumps)--jumps[Keep leaps of a file'\''s clock (over 10 minutes) as silence.]' \
        '(--chunk-length)--chunk-length=[Longest stretch aligned at once, seconds; default\: by aligner.]:X: ' \
        '(--vad --no-vad)--vad[Look for words in speech only.]' \
        '(--vad --no-vad)--no-vad[Look for words in speech only.]' \
        '(--device)--device=[auto, cpu, cuda, cuda\:1, mps.]:DEVICE:(auto cpu cuda mps)' \
        '(--compute-type --dtype)--compute-type=[auto, float32, bfloat16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--compute-type --dtype)--dtype=[auto, float32, bfloat16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--threads -t)--threads=[CPU threads; 0\: the library decides.]:N: ' \
        '(--threads -t)-t+[CPU threads; 0\: the library decides.]:N: ' \
        '(--offline --local-files-only)--offline[Never use the network.]' \
        '(--offline --local-files-only)--local-files-only[Never use the network.]' \
        '(--subs)--subs=[Subtitle profile\: default, netflix, ...; subtitles keep their cues.]:SUBS:(default netflix netflix-zh netflix-ja netflix-ko bbc ted youtube shorts whisper)' \
        '(--highlight-words --no-highlight-words)--highlight-words[Mark each word as it is said; default\: in ass only.]' \
        '(--highlight-words --no-highlight-words)--no-highlight-words[Mark each word as it is said; default\: in ass only.]' \
        '(--force)--force[Make all again; replace edited and foreign files.]' \
        '(--dry-run)--dry-run[Only say what would be made, and why.]' \
        '(--fail-fast)--fail-fast[Stop at the first input that fails.]' \
        '(--report)--report=[A JSON line per input into this file.]:FILE:_files' \
        '(--events)--events=[JSON lines as things happen\: FILE, -, or fd\:N.]:FILE:_files' \
        '(--json)--json[JSON lines on standard output.]' \
        '(--quiet -q)--quiet[Errors only.]' \
        '(--quiet -q)-q[Errors only.]' \
        '(--verbose -v)--verbose[More about what is going on.]' \
        '(--verbose -v)-v[More about what is going on.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:audio:_files' \
        '2:text:_files'
}

_asr_ask() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--engine -e)--engine=[ENGINE or ENGINE\:MODEL, of one with a language model; or auto.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '(--engine -e)-e+[ENGINE or ENGINE\:MODEL, of one with a language model; or auto.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '(--model -m)--model=[Name, hub id, or folder of weights.]:MODEL:_asr_by_engine' \
        '(--model -m)-m+[Name, hub id, or folder of weights.]:MODEL:_asr_by_engine' \
        '(--backend)--backend=[Implementation, of an engine with several.]:BACKEND:(native nemo)' \
        '(--llm)--llm=[Ask this OpenAI-compatible server instead.]:URL: ' \
        '(--llm-model)--llm-model=[The model'\''s name there.]:NAME: ' \
        '(--device)--device=[auto, cpu, cuda, cuda\:1, mps.]:DEVICE:(auto cpu cuda mps)' \
        '(--compute-type --dtype)--compute-type=[auto, bfloat16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--compute-type --dtype)--dtype=[auto, bfloat16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--threads -t)--threads=[CPU threads; 0\: the library decides.]:N: ' \
        '(--threads -t)-t+[CPU threads; 0\: the library decides.]:N: ' \
        '(--offline)--offline[Download nothing.]' \
        '(--json)--json[Answers as JSON.]' \
        '(--quiet -q)--quiet[Errors only.]' \
        '(--quiet -q)-q[Errors only.]' \
        '(--verbose -v)--verbose[More about what is going on.]' \
        '(--verbose -v)-v[More about what is going on.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:transcript:_files' \
        '*:question: '
}

_asr_compare() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--no-ref)--no-ref[There is no reference\: all arguments are systems.]' \
        '(--consensus)--consensus=[With --no-ref\: write what most systems say (FILE.jsonl, or a folder of txt).]:FILE:_files' \
        '(--format -f)--format=[How files are written\: kaldi, trn, ...; of both sides, or stm,ctm.]:FORMAT,...:_sequence compadd - txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all' \
        '(--format -f)-f+[How files are written\: kaldi, trn, ...; of both sides, or stm,ctm.]:FORMAT,...:_sequence compadd - txt srt vtt json jsonl tsv csv lrc ass textgrid eaf audacity ctm stm rttm answers all' \
        '(--normalizer -n)--normalizer=[none, basic, whisper-en, open-asr-leaderboard or asr, the default; of runs, theirs.]:NORMALIZER:(none basic whisper-en open-asr-leaderboard asr)' \
        '(--normalizer -n)-n+[none, basic, whisper-en, open-asr-leaderboard or asr, the default; of runs, theirs.]:NORMALIZER:(none basic whisper-en open-asr-leaderboard asr)' \
        '(--language -l)--language=[Language code; guessed as English or not if left out.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--language -l)-l+[Language code; guessed as English or not if left out.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--convention)--convention=[levenshtein, sclite or open-asr-leaderboard.]:CONVENTION:(levenshtein sclite open-asr-leaderboard)' \
        '(--fragments)--fragments[With sclite\: cut-off words (fr-) match by what there is of them.]' \
        '(--meetings)--meetings[Score stm, SegLST or rttm files, or folders of them, as conversations\: cpWER, tcpWER, ORC-WER, DER, JER.]' \
        '(--collar)--collar=[With --meetings\: seconds round each boundary that DER passes over.]:X: ' \
        '(--explain-normalizer)--explain-normalizer[Show what each rule of the normaliser does to the score.]' \
        '*--by=[Break errors down by\: length, seconds, group, language or a field.]:TEXT: ' \
        '(--group)--group=[Field that names the speaker or session, for intervals; none\: utterances are independent.]:TEXT: ' \
        '(--show)--show=[Show aligned utterances\: worst\:20, different\:20 or an id.]:TEXT: ' \
        '(--confusions)--confusions=[How many of the most frequent errors to show.]:N: ' \
        '(--json)--json=[Write everything as JSON; - is standard output.]:FILE:_files' \
        '(--csv)--csv=[Write a row per utterance.]:FILE:_files' \
        '(--markdown)--markdown=[Write the tables as Markdown.]:FILE:_files' \
        '(--html)--html=[Write a report to look at, in one file.]:FILE:_files' \
        '(--junit)--junit=[Write the outcome of --fail-if as JUnit XML.]:FILE:_files' \
        '*--fail-if=[Exit 1 if this holds\: '\''wer > 0.08'\'', '\''delta > 0 and significant'\''.]:TEXT: ' \
        '(--force)--force[Replace reports that were edited, and files of others.]' \
        '(--quiet -q)--quiet[Print no tables.]' \
        '(--quiet -q)-q[Print no tables.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:reference:_files' \
        '*:hypotheses:_files'
}

_asr_leaderboard() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '*--table=[Tables (see `asr leaderboard tables`). Default\: english.]:TEXT: ' \
        '*-t+[Tables (see `asr leaderboard tables`). Default\: english.]:TEXT: ' \
        '(--date)--date=[The version of this day or the last before it, YYYY-MM-DD.]:TEXT: ' \
        '(--top)--top=[How many rows; 0 shows all. Default\: 20, of --html all.]:N: ' \
        '(--sets)--sets=[Average over these test sets only, comma-separated.]:TEXT: ' \
        '(--without)--without=[Leave these test sets out, comma-separated.]:TEXT: ' \
        '(--language -l)--language=[Only test sets of this language.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--language -l)-l+[Only test sets of this language.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--licence --license)--licence=[Only models whose licence contains this.]:TEXT: ' \
        '(--licence --license)--license=[Only models whose licence contains this.]:TEXT: ' \
        '(--open)--open[Only models with open weights.]' \
        '(--min-size)--min-size=[Least size, in billions of parameters.]:X: ' \
        '(--max-size)--max-size=[Greatest size, in billions of parameters.]:X: ' \
        '(--min-rtfx)--min-rtfx=[Least speed (RTFx), in seconds of audio per second.]:X: ' \
        '(--search)--search=[Only models whose name contains this.]:TEXT: ' \
        '(--sort)--sort=[average, rtfx, size, model or a test set.]:TEXT: ' \
        '(--mix)--mix[Rank rows of different protocols against each other.]' \
        '*--add=[Place a run of `asr bench`, or a folder of them, beside the rows.]:RUN:_files' \
        '(--json)--json=[Write JSON; - is standard output.]:FILE:_files' \
        '(--csv)--csv=[Write CSV; - is standard output.]:FILE:_files' \
        '(--markdown)--markdown=[Write Markdown between the markers of FILE; - is standard output.]:FILE:_files' \
        '(--html)--html=[Write a page to look at, in one file.]:FILE:_files' \
        '(--plot)--plot=[Draw accuracy against speed\: FILE.png, .svg or .pdf.]:FILE:_files' \
        '(--force)--force[Replace reports that were edited, and files of others.]' \
        '(--quiet -q)--quiet[Print no table.]' \
        '(--quiet -q)-q[Print no table.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:command:->command' \
        '*::argument:->argument'
    case $state in
        command) local -a commands=('tables:List the tables and their versions: who stands behind them, how many models, which test sets.' 'check:Recompute tables and list what is wrong or fragile in them, such as ranks that hang on one test set.' 'update:Read the live tables of the hub. What has changed becomes a new version; no version is ever lost.' 'score:Score the Open ASR Leaderboard'\''s manifests, MODEL_owner-name_DATASET_path_name_split.jsonl, as it does itself.' 'export:Write run records as the Open ASR Leaderboard'\''s manifests, ready to be submitted.' 'readme:Rewrite the first ten of the leaderboard between two markers of a README; nothing else in it changes.'); _describe -t commands command commands ;;
        argument)
            case $words[1] in
                tables) _asr_leaderboard_tables ;;
                check) _asr_leaderboard_check ;;
                update) _asr_leaderboard_update ;;
                score) _asr_leaderboard_score ;;
                export) _asr_leaderboard_export ;;
                readme) _asr_leaderboard_readme ;;
            esac ;;
    esac
}

_asr_leaderboard_tables() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--json)--json[As JSON.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_leaderboard_check() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '*--table=[Tables (see `asr leaderboard tables`). Default\: english.]:TEXT: ' \
        '*-t+[Tables (see `asr leaderboard tables`). Default\: english.]:TEXT: ' \
        '(--date)--date=[The version of this day or the last before it, YYYY-MM-DD.]:TEXT: ' \
        '(--json)--json[As JSON.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_leaderboard_update() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--replay)--replay=[Answer from recorded files in this folder and open no connection.]:FILE:_files' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '*:table:(canary canary\:qwen-2.5b qwen3 qwen3\:1.7b qwen3\:0.6b qwen3\:1.7b-hf qwen3\:0.6b-hf firered firered\:aed2 firered\:aed firered\:llm2 firered\:llm nemo nemo\:parakeet-tdt-0.6b-v3 nemo\:parakeet-tdt-0.6b-v2 nemo\:parakeet-tdt-1.1b nemo\:parakeet-rnnt-1.1b nemo\:parakeet-rnnt-0.6b nemo\:parakeet-ctc-1.1b nemo\:parakeet-ctc-0.6b nemo\:canary-1b-v2 nemo\:canary-1b-flash nemo\:canary-1b nemo\:stt_en_fastconformer_transducer_xlarge nemo\:stt_en_fastconformer_transducer_xxlarge transformers transformers\:parakeet-tdt-0.6b-v3 transformers\:parakeet-tdt-0.6b-v2 transformers\:parakeet-ctc-0.6b transformers\:parakeet-ctc-1.1b transformers\:parakeet-rnnt-0.6b transformers\:parakeet-rnnt-1.1b transformers\:canary-1b-v2 transformers\:wav2vec2-base-960h transformers\:hubert-xlarge-ls960-ft transformers\:wav2vec2-bert-CV16-en whisper whisper\:tiny whisper\:tiny.en whisper\:base whisper\:base.en whisper\:small whisper\:small.en whisper\:medium whisper\:medium.en whisper\:large-v1 whisper\:large-v2 whisper\:large-v3 whisper\:large-v3-turbo whisper\:distil-small.en whisper\:distil-medium.en whisper\:distil-large-v2 whisper\:distil-large-v3 whisper\:distil-large-v3.5 whisper\:large whisper\:turbo moonshine moonshine\:tiny-en moonshine\:base-en)'
}

_asr_leaderboard_score() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--language -l)--language=[Code; decides on the normaliser.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--language -l)-l+[Code; decides on the normaliser.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--write)--write[Write NAME.score.json beside each manifest.]' \
        '(--eval-results)--eval-results=[Write DIR/.eval_results, for the model'\''s repository.]:DIR:_files -/' \
        '(--force)--force[Replace reports that were edited, and files of others.]' \
        '(--json)--json[As JSON.]' \
        '(--csv)--csv[As CSV.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:dir:_files -/'
}

_asr_leaderboard_export() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[Folder for the manifests.]:DIR:_files -/' \
        '(--out -o)-o+[Folder for the manifests.]:DIR:_files -/' \
        '(--model)--model=[The model'\''s id on the hub, owner/name.]:MODEL:(qwen-2.5b 1.7b 0.6b 1.7b-hf 0.6b-hf aed2 aed llm2 llm parakeet-tdt-0.6b-v3 parakeet-tdt-0.6b-v2 parakeet-tdt-1.1b parakeet-rnnt-1.1b parakeet-rnnt-0.6b parakeet-ctc-1.1b parakeet-ctc-0.6b canary-1b-v2 canary-1b-flash canary-1b stt_en_fastconformer_transducer_xlarge stt_en_fastconformer_transducer_xxlarge wav2vec2-base-960h hubert-xlarge-ls960-ft wav2vec2-bert-CV16-en tiny tiny.en base base.en small small.en medium medium.en large-v1 large-v2 large-v3 large-v3-turbo distil-small.en distil-medium.en distil-large-v2 distil-large-v3 distil-large-v3.5 large turbo tiny-en base-en en-us default)' \
        '(--dataset)--dataset=[path_name_split, as in the names of manifests.]:FILE:_files' \
        '(--force)--force[Replace reports that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '*:run:_files'
}

_asr_leaderboard_readme() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '*--table=[Tables (see `asr leaderboard tables`). Default\: english.]:TEXT: ' \
        '*-t+[Tables (see `asr leaderboard tables`). Default\: english.]:TEXT: ' \
        '(--date)--date=[The version of this day or the last before it, YYYY-MM-DD.]:TEXT: ' \
        '(--open)--open[Only models with open weights.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:file:_files'
}

_asr_bench() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '*--engine=[ENGINE\[@BACKEND\]\[\:MODEL\]; several times for several.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '*-e+[ENGINE\[@BACKEND\]\[\:MODEL\]; several times for several.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '*--with=[Show this earlier run, or all in a folder; without a dataset, only such.]:FILE:_files' \
        '(--replay)--replay=[Repeat the run of this record, and say what differs.]:FILE:_files' \
        '(--yes)--yes[Replay with the run'\''s addresses and paths without asking.]' \
        '(--out -o)--out=[Folder for the records; default\: the user'\''s.]:DIR:_files -/' \
        '(--out -o)-o+[Folder for the records; default\: the user'\''s.]:DIR:_files -/' \
        '(--sample)--sample=[Use this many utterances, chosen by --seed.]:N: ' \
        '(--seed)--seed=[Seed of the sample and the noise; default 0.]:N: ' \
        '*--allow-host=[Read from this host although it is private\: HOST, or HOST\:PORT; several\: again.]:TEXT: ' \
        '(--text-column)--text-column=[Where the references are, if not found.]:TEXT: ' \
        '(--language -l)--language=[Code or name, or auto; default\: the dataset'\''s own.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--language -l)-l+[Code or name, or auto; default\: the dataset'\''s own.]:LANGUAGE:(af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fil fo fr gl gu ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh)' \
        '(--beam-size)--beam-size=[Hypotheses kept while decoding.]:N: ' \
        '(--length-penalty)--length-penalty=[Exponent of the length.]:X: ' \
        '(--chunk-length)--chunk-length=[Longest piece recognised at once, seconds; default\: by engine.]:X: ' \
        '*--engine-option=[Option of the engine alone; asr engines lists them.]:NAME=VALUE: ' \
        '(--vad --no-vad)--vad[Leave silence out, as transcribe does (default), or keep it.]' \
        '(--vad --no-vad)--no-vad[Leave silence out, as transcribe does (default), or keep it.]' \
        '(--normalizer -n)--normalizer=[none, basic, whisper-en, open-asr-leaderboard or asr, the default.]:NORMALIZER:(none basic whisper-en open-asr-leaderboard asr)' \
        '(--normalizer -n)-n+[none, basic, whisper-en, open-asr-leaderboard or asr, the default.]:NORMALIZER:(none basic whisper-en open-asr-leaderboard asr)' \
        '(--repeats)--repeats=[Repetitions of starts, latencies and batches; default 3.]:N: ' \
        '(--speed-sample)--speed-sample=[Utterances for repeats, batches, streams, callers; default 32.]:N: ' \
        '(--batches)--batches=[Batch sizes to try, or none; default 1,2,4,8,16,32.]:TEXT: ' \
        '(--concurrency)--concurrency=[Requests at once\: 1,4,16,64; first token, RTF and audio per second.]:TEXT: ' \
        '(--robustness)--robustness[Noise, lengths, telephone, codecs, and sounds without speech too.]' \
        '(--robustness-sample)--robustness-sample=[Utterances per row of the robustness card; default 24.]:N: ' \
        '(--diarize)--diarize[Find speakers too\: DER, JER, cpWER and speed; by NAME.rttm or NAME.stm beside.]' \
        '(--diarize-model)--diarize-model=[Diarizer for --diarize\: a name, a model, or a folder.]:DIR:_files -/' \
        '(--device)--device=[auto, cpu, cuda, cuda\:1, mps; several\: cuda\:0,cuda\:1 or cuda\:all.]:DEVICE:(auto cpu cuda mps)' \
        '(--compute-type --dtype)--compute-type=[auto, int8, float16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--compute-type --dtype)--dtype=[auto, int8, float16, ...]:COMPUTE-TYPE:(auto bfloat16 float16 float32 int16 int8 int8_bfloat16 int8_float16 int8_float32)' \
        '(--threads -t)--threads=[CPU threads; 0\: the library decides.]:N: ' \
        '(--threads -t)-t+[CPU threads; 0\: the library decides.]:N: ' \
        '(--workers)--workers=[Also measure 1, 2, 4, ... up to this many processes together; 0\: none.]:N: ' \
        '(--offline)--offline[Never use the network.]' \
        '(--json)--json=[Write every figure as JSON; - is standard output.]:FILE:_files' \
        '(--csv)--csv=[Write a row per figure.]:FILE:_files' \
        '(--markdown)--markdown=[Write the tables as Markdown.]:FILE:_files' \
        '(--html)--html=[Write a report to look at, in one file.]:FILE:_files' \
        '(--plot)--plot=[Accuracy against speed\: FILE.png or FILE.svg.]:FILE:_files' \
        '(--force)--force[Replace reports that were edited, and files of others.]' \
        '(--quiet -q)--quiet[Errors only, and no tables.]' \
        '(--quiet -q)-q[Errors only, and no tables.]' \
        '(--verbose -v)--verbose[More about what is going on.]' \
        '(--verbose -v)-v[More about what is going on.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:dataset:_files'
}

_asr_report() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:command:->command' \
        '*::argument:->argument'
    case $state in
        command) local -a commands=('merge:Put the reports of the jobs of an array into one, with a record for each input.'); _describe -t commands command commands ;;
        argument)
            case $words[1] in
                merge) _asr_report_merge ;;
            esac ;;
    esac
}

_asr_report_merge() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '*--of=[Inputs that should have a record\: a file or folder; several.]:INPUT: ' \
        '(--missing)--missing[Print the names of inputs without a result, instead of the records.]' \
        '(--null -0)--null[These names end with a NUL byte.]' \
        '(--null -0)-0[These names end with a NUL byte.]' \
        '(--output)--output=[Write the merged report here.]:FILE:_files' \
        '(--force)--force[Replace a file that was edited, or is not asr'\''s.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '*:report: '
}

_asr_voices() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:command:->command' \
        '*::argument:->argument'
    case $state in
        command) local -a commands=('add:Make the print of a voice, write it into the folder, and print the file.' 'list:List the prints in a folder: name, what they were made of, and by which diarizer.' 'remove:Delete prints from a folder; recordings in it are left alone.'); _describe -t commands command commands ;;
        argument)
            case $words[1] in
                add) _asr_voices_add ;;
                list) _asr_voices_list ;;
                remove) _asr_voices_remove ;;
            esac ;;
    esac
}

_asr_voices_add() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--diarize-model)--diarize-model=[The diarizer that makes the print, as for asr transcribe.]:DIR:_files -/' \
        '(--force)--force[Replace the print of that name.]' \
        '(--offline)--offline[Never use the network.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:folder:_files -/' \
        '2:name: ' \
        '*:recording:_files'
}

_asr_voices_list() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:folder:_files -/'
}

_asr_voices_remove() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:folder:_files -/' \
        '*:name: '
}

_asr_engines() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--json)--json[Everything known, as JSON.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:command:->command' \
        '*::argument:->argument'
    case $state in
        command) local -a commands=('show:Show engines with all languages of each model by code and name, and the dialects; `show` may be left out.' 'pull:Download weights, or complete those that are partly here; prints the folder of each.' 'install:Install what an engine requires into an environment of its own, beside what does not go together with it.' 'remove:Remove the environment of an engine; prints the folders that are gone.'); _describe -t commands command commands ;;
        argument)
            case $words[1] in
                show) _asr_engines_show ;;
                pull) _asr_engines_pull ;;
                install) _asr_engines_install ;;
                remove) _asr_engines_remove ;;
            esac ;;
    esac
}

_asr_engines_show() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--json)--json[Everything known, as JSON.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '*:engine:(canary canary\:qwen-2.5b qwen3 qwen3\:1.7b qwen3\:0.6b qwen3\:1.7b-hf qwen3\:0.6b-hf firered firered\:aed2 firered\:aed firered\:llm2 firered\:llm nemo nemo\:parakeet-tdt-0.6b-v3 nemo\:parakeet-tdt-0.6b-v2 nemo\:parakeet-tdt-1.1b nemo\:parakeet-rnnt-1.1b nemo\:parakeet-rnnt-0.6b nemo\:parakeet-ctc-1.1b nemo\:parakeet-ctc-0.6b nemo\:canary-1b-v2 nemo\:canary-1b-flash nemo\:canary-1b nemo\:stt_en_fastconformer_transducer_xlarge nemo\:stt_en_fastconformer_transducer_xxlarge transformers transformers\:parakeet-tdt-0.6b-v3 transformers\:parakeet-tdt-0.6b-v2 transformers\:parakeet-ctc-0.6b transformers\:parakeet-ctc-1.1b transformers\:parakeet-rnnt-0.6b transformers\:parakeet-rnnt-1.1b transformers\:canary-1b-v2 transformers\:wav2vec2-base-960h transformers\:hubert-xlarge-ls960-ft transformers\:wav2vec2-bert-CV16-en whisper whisper\:tiny whisper\:tiny.en whisper\:base whisper\:base.en whisper\:small whisper\:small.en whisper\:medium whisper\:medium.en whisper\:large-v1 whisper\:large-v2 whisper\:large-v3 whisper\:large-v3-turbo whisper\:distil-small.en whisper\:distil-medium.en whisper\:distil-large-v2 whisper\:distil-large-v3 whisper\:distil-large-v3.5 whisper\:large whisper\:turbo moonshine moonshine\:tiny-en moonshine\:base-en)'
}

_asr_engines_pull() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--safetensors)--safetensors=[Also convert pickles, once, into FOLDER.]:FOLDER:_files -/' \
        '(--quiet -q)--quiet[Errors only.]' \
        '(--quiet -q)-q[Errors only.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '*:engine\[\:model\]:(canary canary\:qwen-2.5b qwen3 qwen3\:1.7b qwen3\:0.6b qwen3\:1.7b-hf qwen3\:0.6b-hf firered firered\:aed2 firered\:aed firered\:llm2 firered\:llm nemo nemo\:parakeet-tdt-0.6b-v3 nemo\:parakeet-tdt-0.6b-v2 nemo\:parakeet-tdt-1.1b nemo\:parakeet-rnnt-1.1b nemo\:parakeet-rnnt-0.6b nemo\:parakeet-ctc-1.1b nemo\:parakeet-ctc-0.6b nemo\:canary-1b-v2 nemo\:canary-1b-flash nemo\:canary-1b nemo\:stt_en_fastconformer_transducer_xlarge nemo\:stt_en_fastconformer_transducer_xxlarge transformers transformers\:parakeet-tdt-0.6b-v3 transformers\:parakeet-tdt-0.6b-v2 transformers\:parakeet-ctc-0.6b transformers\:parakeet-ctc-1.1b transformers\:parakeet-rnnt-0.6b transformers\:parakeet-rnnt-1.1b transformers\:canary-1b-v2 transformers\:wav2vec2-base-960h transformers\:hubert-xlarge-ls960-ft transformers\:wav2vec2-bert-CV16-en whisper whisper\:tiny whisper\:tiny.en whisper\:base whisper\:base.en whisper\:small whisper\:small.en whisper\:medium whisper\:medium.en whisper\:large-v1 whisper\:large-v2 whisper\:large-v3 whisper\:large-v3-turbo whisper\:distil-small.en whisper\:distil-medium.en whisper\:distil-large-v2 whisper\:distil-large-v3 whisper\:distil-large-v3.5 whisper\:large whisper\:turbo moonshine moonshine\:tiny-en moonshine\:base-en)'
}

_asr_engines_install() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--torch)--torch=[cpu, or cuda with libraries for GPUs; auto\: as this machine has one.]:TEXT: ' \
        '(--package)--package=[Requirement that brings an engine not installed here.]:REQUIREMENT: ' \
        '(--dry-run)--dry-run[Only say what would be installed, and where.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:engine: '
}

_asr_engines_remove() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:engine: '
}

_asr_doctor() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--network)--network[See whether the model hub can be reached, too.]' \
        '(--json)--json[Findings as JSON.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_config() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--changed)--changed[Only what is not the default.]' \
        '(--json)--json[A JSON line per option.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:command:(align ask bench compare config digest doctor engines leaderboard report serve transcribe voices)'
}

_asr_digest() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:command:->command' \
        '*::argument:->argument'
    case $state in
        command) local -a commands=('run:Read every source and write the digest of a day.' 'verify:Check finished digests and pages of papers again: quotes, numbers, ids and pages.' 'search:Find papers, models and stories among everything that was read; 1 when nothing matches, as grep has it.' 'why:Say why an item is where it is, or why it was not shown.' 'star:Rank what resembles this item higher from the next run on.' 'hide:Leave this item out from the next run on.' 'status:Show how every source ended on the last day, or on one day.' 'prune:Make digest.sqlite smaller; nothing that was seen becomes news again.' 'ideas:Print the ideas of all days or of a week: day, id, title, sentences, and where each stands in the abstract.' 'week:Write the summary of a week: its ideas, what was reported, and its topics beside those of the weeks before.' 'doctor:Say what is there: settings, tokens (set or not, never their value), voices.' 'import:Print lines for digest.toml (OPML: feeds; BibTeX: authors), or take over a tracker'\''s days.' 'mindmap:Draw the days as a tree: mindmap.html (one file, no request), mindmap.md (opens in markmap) and mindmap.opml.' 'feed:Write feed.xml (Atom), feed.json and the rolling pages again from the days that are there.' 'mail:Write a verified day as a message of text and HTML, for a mail program: asr digest mail --to ME | sendmail -t.' 'demo:Write a week of made-up news into a folder, to look at without a network.' 'readme:Replace the blocks papers, models, ideas, status and leaderboard of a README.' 'podcast:Speak a verified day: sound with chapters, transcript with word times, show notes and podcast.xml.' 'paper:Write a page on one paper: its claim in a line, what carries it, what it rests on, what would show it wrong.'); _describe -t commands command commands ;;
        argument)
            case $words[1] in
                run) _asr_digest_run ;;
                verify) _asr_digest_verify ;;
                search) _asr_digest_search ;;
                why) _asr_digest_why ;;
                star) _asr_digest_star ;;
                hide) _asr_digest_hide ;;
                status) _asr_digest_status ;;
                prune) _asr_digest_prune ;;
                ideas) _asr_digest_ideas ;;
                week) _asr_digest_week ;;
                doctor) _asr_digest_doctor ;;
                import) _asr_digest_import ;;
                mindmap) _asr_digest_mindmap ;;
                feed) _asr_digest_feed ;;
                mail) _asr_digest_mail ;;
                demo) _asr_digest_demo ;;
                readme) _asr_digest_readme ;;
                podcast) _asr_digest_podcast ;;
                paper) _asr_digest_paper ;;
            esac ;;
    esac
}

_asr_digest_run() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--date)--date=[The day, YYYY-MM-DD. Default\: today (UTC).]:TEXT: ' \
        '(--since)--since=[The first of several days.]:TEXT: ' \
        '(--until)--until=[The last of several days. Default\: today.]:TEXT: ' \
        '(--sources)--sources=[Comma-separated.]:TEXT: ' \
        '(--interests)--interests=[Settings (TOML). Default\: OUT/digest.toml when it is there.]:FILE:_files' \
        '(--replay)--replay=[Answer from recorded files (DIR or DIR/DATE) and open no connection.]:FILE:_files' \
        '(--record)--record[Keep every raw answer in OUT/cache/http/DATE, without tokens.]' \
        '(--leaderboard)--leaderboard=[A board (JSON, CSV) to set claims against. Default\: that of `asr leaderboard`.]:FILE:_files' \
        '(--x-budget)--x-budget=[US dollars for posts of X; needs ASR_X_TOKEN.]:X: ' \
        '(--llm)--llm=[What writes summaries, behind the gate\: address of a server, or canary.]:TEXT: ' \
        '(--llm-model)--llm-model=[The model'\''s name there, or its folder.]:TEXT: ' \
        '(--strict)--strict[Also fail (1) when the finished digest does not verify.]' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_verify() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '*:date: '
}

_asr_digest_search() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--max -n)--max=[How many.]:N: ' \
        '(--max -n)-n+[How many.]:N: ' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:query: '
}

_asr_digest_why() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:id: '
}

_asr_digest_star() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--undo)--undo[Take the mark off again.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:id: '
}

_asr_digest_hide() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--undo)--undo[Take the mark off again.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:id: '
}

_asr_digest_status() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--date)--date=[The day, YYYY-MM-DD. Default\: today (UTC).]:TEXT: ' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_prune() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--days)--days=[The days that can still be run again exactly.]:N: ' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_ideas() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--week)--week=[An ISO week, 2026-W17. Default\: all days.]:TEXT: ' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_week() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--week)--week=[An ISO week, 2026-W17. Default\: the newest.]:TEXT: ' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_doctor() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--example)--example[Print an example of digest.toml and stop.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_import() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:opml|bibtex|awesome-asr: ' \
        '2:file:_files'
}

_asr_digest_mindmap() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--days)--days=[How many days, counted back from the newest.]:N: ' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_feed() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--opml)--opml[Also write sources.opml, the feeds that are followed.]' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_mail() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--date)--date=[The day. Default\: the newest.]:TEXT: ' \
        '(--eml)--eml=[Write to this file. Default\: standard output.]:TEXT: ' \
        '(--from)--from=[Address of the sender.]:TEXT: ' \
        '(--to)--to=[Address of the reader.]:TEXT: ' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_demo() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[A folder that holds no digest.]:DIR:_files -/' \
        '(--out -o)-o+[A folder that holds no digest.]:DIR:_files -/' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_readme() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--leaderboard)--leaderboard=[A board (JSON, CSV). Default\: that of `asr leaderboard`.]:FILE:_files' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:file:_files'
}

_asr_digest_podcast() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--date)--date=[The day. Default\: the newest.]:TEXT: ' \
        '(--minutes)--minutes=[The longest the show may be; a quiet day is shorter.]:X: ' \
        '(--voice)--voice=[espeak-ng, flite, kokoro or piper. Default\: the best that is there.]:TEXT: ' \
        '(--voice-dir)--voice-dir=[A folder with voices of Kokoro or Piper.]:DIR:_files -/' \
        '(--format -f)--format=[mp3, opus or m4a.]:TEXT: ' \
        '(--format -f)-f+[mp3, opus or m4a.]:TEXT: ' \
        '(--selfcheck)--selfcheck[Transcribe and align the episode; report what is misheard.]' \
        '(--engine -e)--engine=[The engine that transcribes it.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '(--engine -e)-e+[The engine that transcribes it.]:ENGINE:(auto fast canary qwen3 firered nemo transformers whisper moonshine pocketsphinx fake openai_server)' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]'
}

_asr_digest_paper() {
    local curcontext=$curcontext state line
    local -A opt_args
    _arguments -s -S -C \
        '(--out -o)--out=[The folder of the digest.]:DIR:_files -/' \
        '(--out -o)-o+[The folder of the digest.]:DIR:_files -/' \
        '(--replay)--replay=[Answer from recorded files and open no connection.]:FILE:_files' \
        '(--offline)--offline[Use only what the digest already holds.]' \
        '(--citations)--citations[Also ask Semantic Scholar who cites it.]' \
        '(--force)--force[Replace files that were edited, and files of others.]' \
        '(--help -h)--help[Show this message and exit.]' \
        '(--help -h)-h[Show this message and exit.]' \
        '1:arxiv_id|file: '
}

if [[ $funcstack[1] == _asr ]]; then
    _asr "$@"
else
    compdef _asr asr
fi
