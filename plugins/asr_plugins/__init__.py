"""The engines that come with asr, one module or package per engine, found through entry points."""
