namespace ImgAlign.Scorers;

/// <summary>How LAION's aesthetic predictor reads pictures. The two differ by a pixel where a picture's middle lies between two.</summary>
public enum AestheticPreprocessing
{
    /// <summary>As OpenAI's program for CLIP does, which the predictor was trained and published with.</summary>
    OpenAi,

    /// <summary>As transformers does.</summary>
    Transformers,
}
