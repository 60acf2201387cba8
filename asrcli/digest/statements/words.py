"""The words that may stand in a sentence of which something is said: with any other word, nothing is."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What a system is called, and the words that say which of the authors' systems it is.
HEADS = (
    "transducer conformer transformer codec vocoder tokenizer model system approach method framework recogniser "
    "recognizer pipeline architecture network student ensemble combination solution algorithm strategy technique "
    "encoder decoder variant version recipe adapter loss detector module submission estimator"
).split()
KINDS = (
    "best student final full complete main single combined new novel proposed presented resulting whole entire joint "
    "unified hybrid neural acoustic language end-to-end streaming offline online causal lightweight small compact "
    "medium large base tiny big larger smaller medium-sized distilled quantised quantized pruned adapted fine-tuned "
    "finetuned multilingual monolingual bilingual cross-lingual multimodal multi-task multitask semi-supervised "
    "self-supervised unsupervised supervised weakly-supervised audio-visual visual two-stage two-pass one-pass "
    "non-autoregressive autoregressive attention-based transducer transducer-based conformer transformer cascaded "
    "integrated efficient simple robust general generic deep convolutional recurrent open open-source speech "
    "recognition speech-recognition asr ctc rnn-t lstm conformer-based transformer-based llm-based whisper-based "
    "ctc-based joint-training training submitted challenge primary personalised personalized code-switching "
    "diffusion-based diffusion generative fusion search spelling correction segmentation depth detection developed "
    "performing general-purpose on-device federated sparse low-rank low-resource best-performing top-performing tuned "
    "unlexicalized pair-based weighting first second third fourth last adversarial defense separation translation"
).split()

# The words of the field and those between them, for names of tests, tasks and systems.
FIELD = (
    "the a an its our and of on in for both all across over as well such including two three four five six seven eight "
    "nine ten twelve several multiple many various different benchmark benchmarks dataset datasets data test tests set "
    "sets test-set testset corpus corpora task tasks database databases evaluation eval suite track challenge "
    "challenges leaderboard collection condition conditions scenario scenarios setting settings domain domains public "
    "private blind hidden official standard popular common challenging recent real real-world publicly available "
    "widely used widely-used well-established commonly commonly-used large large-scale small-scale far-field "
    "near-field close-talk long-form short-form low-resource high-resource multilingual monolingual cross-lingual "
    "code-switched code-switching noisy clean spontaneous conversational read accented stuttering dysarthric "
    "pathological elderly child children children's adult medical clinical legal broadcast telephone telephony meeting "
    "meetings lecture lectures talks news books audiobooks podcasts calls conversations interviews dictation debates "
    "parliament parliamentary video videos dialect dialects accent accents language languages speaker speakers speech "
    "spoken voice audio audio-visual visual music singing sound sounds recognition transcription understanding "
    "translation separation enhancement diarization diarisation verification identification classification detection "
    "segmentation retrieval generation synthesis captioning reasoning question answering commands command search "
    "keyword spotting emotion intent slot filling recordings utterances samples segments overlapping unseen seen "
    "zero-shot few-shot streaming offline online in-domain out-of-domain in-house internal own part portion subset "
    "split section half hour hours h minutes world whole full entire evaluated downstream general automatic lip "
    "reading text-to-speech speech-to-text text-to-audio text-to-music video-to-audio TTS multimodal multi-modal image "
    "images semantic scene object action pose human objective subjective metrics metric measures terms quality "
    "accuracy naturalness similarity robustness intelligibility latency high-latency low-latency low- high- high low "
    "short long extensive recently proposed new established existing comparable mixtures word-level sentence-level "
    "phoneme word character error rate rates wsj supervised unsupervised semi-supervised fully scientific retention "
    "partial adaptation layout estimation salient boundary super-resolution attribution level low-level end-to-end "
    "neural among models systems regimes linear fine-tuning extractive abstractive experiment crowd counting vehicle "
    "plant reports motion realism consistency diversity coordination partner alignment music-dance dance phonetic "
    "dysfluency representation learning instruction following editing streams natural entailment inference paraphrase "
    "resolution relation extraction machine parsing dynamic deblurring hand body category categories groups types "
    "kinds varieties modality loss expressiveness environment mentioned above discontinuous constituency treebanks "
    "median mean squared logical human-computer interaction child-adult classroom aviation air traffic control radio "
    "emergency banking health healthcare agriculture court farm radiology military phone microphone distant web "
    "crawled scenes objects actions video-based visuals translations detectors spoofing anti-spoofing deepfake "
    "generalization generalisation wav pairs tracking depth segmentations faces face gaze perceptual fidelity speed "
    "diverse difficult hard demanding competition competitions paired unpaired sources source target targets proxy "
    "duet kind current most application applications wide range variety number direction directions varying "
    "degradation degradations ranking tagging event events acoustic environments reverberant noise synthetic "
    "synthesised wild open-domain closed-domain everyday daily evaluations lyrics chord beat multi-speaker "
    "single-speaker multi-talker two-speaker array arrays channels channel"
).split()

# Words that say how something was reached or shown, for the parts that are not the statement itself.
MANNER = (
    "outperforms outperform outperforming outperformed surpasses surpass surpassing exceeds exceeding beats improves "
    "improved improving reduces reducing uses using used trained training learned built evaluated tested runs ranks "
    "sets set is are was were and by with without to from at than only just while also even both more less better best "
    "lower smaller faster fewer larger strong stronger significantly substantially consistently clearly considerably "
    "notably further greatly markedly previous prior earlier traditional conventional existing competing competitive "
    "baseline baselines methods method models model systems system approaches approach counterparts counterpart works "
    "work techniques single-step all other others performance results result gain gains margin wide large relative "
    "absolute average overall effective efficient robust robustness fast quickly quick simple compact lightweight "
    "small low high parameters parameter size memory cost compute computation hours hour minutes seconds ms labelled "
    "labeled unlabelled unlabeled transcribed pairs state-of-the-art state art most very highly that which it can "
    "contextual biasing neural deep open-source proprietary commercial much several many times half tenth third "
    "quarter number amount amounts english minimal additional external language decoder encoder streaming latency "
    "inference decoding pretrained pre-trained fine-tuned finetuned input audio acoustic back-end usability clinical "
    "transcription substantial combining integrating leveraging introducing applying exploiting incorporating "
    "employing losses features encoders adapters synthetic synthesised text texts multi-task proposed our new novel "
    "jointly together strategy strategies objective attention self-attention convolution transducer transducers "
    "conformer transformer context prompts tuning fine-tuning shared frozen layer weights small-footprint entirely "
    "directly pseudo-labels pseudo-labelling accents languages scores score computational resources samples utterances "
    "words tokens layers experts same similar comparable scale architecture knowledge distillation self-training "
    "augmentation first second place open sourced freely released"
).split()
VOCABULARY = frozenset(FIELD) | frozenset(MANNER)


def any_of(words: Iterable[str]) -> str:
    """Return a pattern of one of the words, in whatever case."""
    return rf"(?i:{'|'.join(sorted(map(re.escape, set(words)), key=len, reverse=True))})(?![\w-])"
