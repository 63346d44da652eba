using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// The sum of the embeddings of time, guidance and pooled text (diffusers <c>CombinedTimestepGuidanceTextProjEmbeddings</c>). The last two
/// are the same in all steps.
/// </summary>
internal sealed class FluxTimeTextEmbedding : nn.Module
{
    private const int SinusoidWidth = 256;
    private const double Unit = 1000;  // times and guidance are embedded as thousandths

    [ComponentName(Name = "time_proj")]
    private readonly SinusoidalEmbedding sinusoids = new(SinusoidWidth, cosineFirst: true, frequencyShift: 0);

    [ComponentName(Name = "timestep_embedder")]
    private readonly TimestepEmbedding time;

    [ComponentName(Name = "guidance_embedder")]
    private readonly TimestepEmbedding? guidance;

    [ComponentName(Name = "text_embedder")]
    private readonly TimestepEmbedding text;

    public FluxTimeTextEmbedding(FluxConfig config, Device device) : base(nameof(FluxTimeTextEmbedding))
    {
        time = new TimestepEmbedding(SinusoidWidth, config.Width, device);
        guidance = config.GuidanceEmbeds ? new TimestepEmbedding(SinusoidWidth, config.Width, device) : null;
        text = new TimestepEmbedding(config.PooledProjectionDim, config.Width, device);
        RegisterComponents();
    }

    /// <summary>Of a time from 0 to 1 a sample, <c>[B]</c>: <c>[B, w]</c>.</summary>
    public Tensor EmbedTime(Tensor timestep) => Embed(time, timestep);

    /// <summary>Of pooled text <c>[B, p]</c>, and of guidance <c>[B]</c> where the model knows it: <c>[B, w]</c>.</summary>
    public Tensor EmbedTextAndGuidance(Tensor pooledText, Tensor scale) => guidance is null ? text.call(pooledText) : text.call(pooledText).Plus(Embed(guidance, scale));

    private Tensor Embed(TimestepEmbedding embedding, Tensor numbers) => embedding.call(sinusoids.call(numbers.to(float32).Times(Unit)).to(embedding.Type));
}

/// <summary>The norm before the last layer, modulated by the step's vector (diffusers <c>AdaLayerNormContinuous</c>).</summary>
internal sealed class FluxOutputNorm : nn.Module<Tensor, FluxStep, Tensor>
{
    [ComponentName(Name = "linear")]
    private readonly Linear linear;

    public FluxOutputNorm(long width, Device device) : base(nameof(FluxOutputNorm))
    {
        linear = new Linear(width, 2 * width, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, FluxStep step)
    {
        using var scope = NewDisposeScope();
        var parts = linear.call(step.ActivatedVector).unsqueeze(1).chunk(2, -1);  // scale before shift, each [B, 1, w]
        return Modulation.Normalize(x, parts[1], parts[0].Plus(1)).MoveToOuterDisposeScope();
    }
}
