"""Names of the 52 blendshapes (ARKit's) that the MediaPipe Face Landmarker reports."""

_SIDED = ('browDown', 'browOuterUp', 'cheekSquint', 'eyeBlink', 'eyeLookDown', 'eyeLookIn',
          'eyeLookOut', 'eyeLookUp', 'eyeSquint', 'eyeWide', 'mouthDimple', 'mouthFrown',
          'mouthLowerDown', 'mouthPress', 'mouthSmile', 'mouthStretch', 'mouthUpperUp',
          'noseSneer')
_SINGLE = ('_neutral', 'browInnerUp', 'cheekPuff', 'jawForward', 'jawLeft', 'jawOpen', 'jawRight',
           'mouthClose', 'mouthFunnel', 'mouthLeft', 'mouthPucker', 'mouthRight',
           'mouthRollLower', 'mouthRollUpper', 'mouthShrugLower', 'mouthShrugUpper')
BLENDSHAPES = tuple(sorted([*_SINGLE, *(n + side for n in _SIDED for side in ('Left', 'Right'))]))
