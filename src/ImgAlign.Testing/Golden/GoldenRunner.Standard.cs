using ImgAlign.Testing.Kinds;

namespace ImgAlign.Testing.Golden;

public sealed partial class GoldenRunner
{
    /// <summary>A runner with every kind that this version computes, one file a family in <c>Kinds/</c>.</summary>
    public static GoldenRunner CreateStandard()
    {
        var runner = new GoldenRunner();
        TokenizerKinds.Add(runner);
        T5Kinds.Add(runner);
        FluxKinds.Add(runner);
        FluxPipelineKinds.Add(runner);
        ReduxKinds.Add(runner);
        ImagingKinds.Add(runner);
        CheckpointKinds.Add(runner);
        LoraKinds.Add(runner);
        ClipKinds.Add(runner);
        PromptKinds.Add(runner);
        ScorerKinds.Add(runner);
        StatisticsKinds.Add(runner);
        ImageRewardKinds.Add(runner);
        Qwen2VlKinds.Add(runner);
        Hpsv3Kinds.Add(runner);
        ZImageKinds.Add(runner);
        ZImagePipelineKinds.Add(runner);
        LlavaFineTuning.Add(runner);
        LlavaKinds.Add(runner);
        QwenKinds.Add(runner);
        Qwen3VlKinds.Add(runner);
        JudgeKinds.Add(runner);
        MeanKinds.Add(runner);
        RoundKinds.Add(runner);
        AlignerKinds.Add(runner);
        VaeKinds.Add(runner);
        SamplingKinds.Add(runner);
        SdxlUNetKinds.Add(runner);
        SdxlPipelineKinds.Add(runner);
        TrainingKinds.Add(runner);
        PreferenceKinds.Add(runner);
        return runner;
    }
}
