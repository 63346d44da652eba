using ImgAlign.Checkpoints;
using ImgAlign.Scorers;
using ImgAlign.Tests.Imaging;
using ImgAlign.Tests.Pipeline;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Scorers;

/// <summary>The files that scorers are read from: layouts, what they lack, and what is wrong with them.</summary>
public sealed class ScorerFilesTests : ModelTestBase
{
    private static readonly RgbImage Picture = TestImages.Noise(80, 60);

    [Theory]
    [InlineData("")] // a file of tensors alone, as open_clip_model.safetensors
    [InlineData("module.")] // as open_clip saves a training in several processes
    public void HPSv2_is_read_in_all_its_layouts(string prefix)
    {
        const string Wrapped = "state_dict.";
        var file = Folder.Rewrite(
            "open_clip_model.safetensors",
            TinyScorers.HpsFile,
            tensors =>
                tensors
                    .Where(static pair => pair.Key.StartsWith(Wrapped, StringComparison.Ordinal))
                    .Select(pair => KeyValuePair.Create(prefix + pair.Key[Wrapped.Length..], pair.Value))
        );
        Folder.Write("open_clip_config.json", File.ReadAllBytes(Path.Combine(TinyScorers.Hps, "open_clip_config.json")));
        using var published = new HpsScorer(Runtime, new HpsOptions { ModelPath = TinyScorers.HpsFile });
        using var scorer = new HpsScorer(Runtime, new HpsOptions { ModelPath = file, TokenizerPath = TinyScorers.Clip });
        Assert.Equal(published.Score([Picture], ["a cat"]), scorer.Score([Picture], ["a cat"]));
    }

    [Fact]
    public void HPSv2_without_a_tokenizer_says_where_there_is_one()
    {
        Folder.Link(TinyScorers.Hps, isLeftOut: static name => name is "vocab.json");
        Assert.Contains("TokenizerPath", Refusal(new HpsOptions { ModelPath = Folder.Path }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_of_OpenCLIP_that_is_not_known_is_refused()
    {
        Folder.Link(TinyScorers.Hps, isLeftOut: static name => name == "open_clip_config.json");
        var config = File.ReadAllText(Path.Combine(TinyScorers.Hps, "open_clip_config.json"));
        Folder.Write("open_clip_config.json", config.Replace("\"width\"", "\"pool_type\": \"avg\", \"width\"", StringComparison.Ordinal));
        Assert.Contains("pool_type", Refusal(new HpsOptions { ModelPath = Folder.Path }), StringComparison.Ordinal);
    }

    [Fact]
    public void The_tokenizer_of_another_model_is_refused()
    {
        var clip = Path.Combine(TestData.Golden, "tokenizer", "clip-l"); // with 49408 tokens
        Assert.Contains("914 ids", Refusal(new HpsOptions { ModelPath = TinyScorers.Hps, TokenizerPath = clip }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_predictor_for_another_CLIP_is_refused()
    {
        var options = new AestheticOptions { ModelPath = TinyScorers.Predictor, ClipPath = TinyScorers.Pick };
        var message = Assert.Throws<ImgAlignException>(() => new AestheticScorer(Runtime, options)).Message;
        Assert.Contains("width 20", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_encoder_alone_is_no_CLIP()
    {
        Folder.Link(TinyScorers.Clip, isLeftOut: static name => name is "pytorch_model.bin");
        Folder.Rewrite(
            "model.safetensors",
            TinyScorers.Clip,
            static tensors => tensors.Where(static pair => !pair.Key.StartsWith("text", StringComparison.Ordinal))
        );
        var options = new ClipScoreOptions { ModelPath = Folder.Path };
        var message = Assert.Throws<CheckpointException>(() => new ClipScorer(Runtime, options)).Message;
        Assert.Contains("holds no CLIP text encoder", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("visual_projection.weight")]
    [InlineData("text_model.encoder.layers.1.mlp.fc1.bias")]
    [InlineData("logit_scale")]
    public void A_weight_that_is_not_finite_is_named(string tensor)
    {
        Folder.Link(TinyScorers.Pick, isLeftOut: static name => name == "model.safetensors");
        var file = Folder.Rewrite(
            "model.safetensors",
            TinyScorers.Pick,
            tensors => tensors.Select(pair => pair.Key == tensor ? new(tensor, full_like(pair.Value, float.NaN)) : pair)
        );
        var exception = Assert.Throws<CheckpointException>(() =>
        {
            using var scorer = new PickScorer(Runtime, new PickScoreOptions { ModelPath = Folder.Path });
            scorer.Score([Picture], ["a cat"]);
        });
        Assert.Equal((file, tensor), (exception.Path, exception.TensorName));
    }

    [Fact]
    public void ImageReward_with_another_vocabulary_is_refused()
    {
        var vocabulary = File.ReadAllText(Path.Combine(TinyScorers.ImageReward, "bert-base-uncased", "vocab.txt"));
        Folder.Write("vocab.txt", vocabulary + "another\n");
        var options = TinyScorers.RewardOptions;
        options.TokenizerPath = Folder.Path;
        var message = Assert.Throws<ImgAlignException>(() => new ImageRewardScorer(Runtime, options)).Message;
        Assert.Contains("the model has 210", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a cat <|im_end|>")]
    [InlineData("<|Reward|>")]
    [InlineData("<|image_pad|>")]
    public void HPSv3_refuses_a_prompt_with_its_marks_before_anything_is_computed(string prompt)
    {
        using var world = new ColourWorld(withScorer: false);
        using var scorer = TinyScorers.Create(Hpsv3Scorer.DefaultName, world.Runtime);
        var message = Assert.Throws<InvalidRequestException>(() => scorer.CheckPrompt(prompt)).Message;
        Assert.Contains("one of its own marks", message, StringComparison.Ordinal);

        var options = new AlignmentPipelineOptions { Scorers = [scorer] };
        using var pipeline = new AlignmentPipeline(world.Backbone, world.Detector, world.Aligner, options);
        var refused = Assert.Throws<InvalidRequestException>(() =>
        {
            _ = pipeline.AlignAsync(new AlignmentRequest(new AlignmentItem(prompt)));
        });
        Assert.Equal("Prompt", refused.Member);
    }

    [Fact]
    public void HPSv3_with_the_tokenizer_of_another_Qwen_is_refused()
    {
        var options = new Hpsv3Options { ModelPath = TinyScorers.Hpsv3, BasePath = Path.Combine(TestData.Golden, "mllm", "qwen") };
        Assert.Throws<ImgAlignException>(() => new Hpsv3Scorer(Runtime, options));
    }

    [Fact]
    public void The_memory_of_the_larger_scorers_is_estimated()
    {
        foreach (var (name, least) in new[] { (ImageRewardScorer.DefaultName, 64 * 210), (Hpsv3Scorer.DefaultName, 64 * 1915) })
        {
            using var scorer = TinyScorers.Create(name, Runtime);
            var one = ((IMemoryFootprint)scorer).EstimateStages(new Workload { Size = new(64, 64) });
            var two = ((IMemoryFootprint)scorer).EstimateStages(new Workload { Size = new(64, 64), Batch = 2 });
            Assert.True(one[0].WeightBytes > least);
            Assert.Equal(two[0].ActivationBytes, 2 * one[0].ActivationBytes);
        }
    }

    [Fact]
    public void A_picture_of_which_nothing_would_be_left_is_refused()
    {
        using var scorer = new HpsScorer(Runtime, new HpsOptions { ModelPath = TinyScorers.Hps });
        var message = Assert.Throws<ImgAlignException>(() => scorer.Score([TestImages.Noise(400, 1)], ["a cat"])).Message;
        Assert.Contains("too narrow", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_memory_of_a_scorer_is_estimated()
    {
        using var scorer = new HpsScorer(Runtime, new HpsOptions { ModelPath = TinyScorers.Hps });
        var workload = new Workload { Size = new(64, 64), Batch = 2 };
        var stages = scorer.EstimateStages(workload);
        Assert.Equal(["HPSv2, pictures", "HPSv2, prompts"], stages.Select(static stage => stage.Name));
        using var weights = Checkpoint.Open(TinyScorers.HpsFile);
        var published = weights.Tensors.Values.Sum(static info => info.Count);
        Assert.Equal(published - 1, stages.Sum(static stage => stage.WeightBytes) / sizeof(float)); // but for logit_scale
        var single = scorer.EstimateStages(workload with { Batch = 1 });
        Assert.Equal(stages.Sum(static stage => stage.ActivationBytes), 2 * single.Sum(static stage => stage.ActivationBytes));
    }

    private string Refusal(HpsOptions options) => Assert.Throws<ImgAlignException>(() => new HpsScorer(Runtime, options)).Message;
}
