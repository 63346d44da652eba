using ImgAlign.Runtime;
using ImgAlign.Scorers;

namespace ImgAlign.Tests.Scorers;

/// <summary>Scorers of tiny networks in the published layouts.</summary>
internal static class TinyScorers
{
    private static readonly string Checkpoints = Path.Combine(TestData.Golden, "scorer", "checkpoints");

    public static string Clip => Path.Combine(Checkpoints, "clip_l");

    public static string Pick => Path.Combine(Checkpoints, "pickscore");

    public static string Hps => Path.Combine(Checkpoints, "hps");

    public static string HpsFile => Path.Combine(Hps, "HPS_v2.1_compressed.pt");

    public static string Predictor => Path.Combine(Checkpoints, "aesthetic", "sac+logos+ava1-l14-linearMSE.pth");

    public static string ImageReward => Path.Combine(TestData.Golden, "imagereward", "checkpoint");

    // With heads that are not as wide as the published ones.
    public static ImageRewardOptions RewardOptions => new() { ModelPath = ImageReward, VisionHeads = 3 };

    public static string Hpsv3 => Path.Combine(TestData.Golden, "hpsv3", "checkpoint", "HPSv3.safetensors");

    public static string Qwen2Vl => Path.Combine(TestData.Golden, "hpsv3", "checkpoint", "Qwen2-VL");

    public static IImageScorer Create(string name, DeviceRuntime runtime) =>
        name switch
        {
            ClipScorer.DefaultName => new ClipScorer(runtime, new ClipScoreOptions { ModelPath = Clip }),
            PickScorer.DefaultName => new PickScorer(runtime, new PickScoreOptions { ModelPath = Pick }),
            HpsScorer.DefaultName => new HpsScorer(runtime, new HpsOptions { ModelPath = Hps }),
            AestheticScorer.DefaultName => new AestheticScorer(runtime, new AestheticOptions { ModelPath = Predictor, ClipPath = Clip }),
            ImageRewardScorer.DefaultName => new ImageRewardScorer(runtime, RewardOptions),
            Hpsv3Scorer.DefaultName => new Hpsv3Scorer(runtime, new Hpsv3Options { ModelPath = Hpsv3, BasePath = Qwen2Vl }),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such scorer."),
        };
}
